import { formatGroupResource } from "./group-version-resource.ts";

/** A field that a fieldSelector can name for a type, and where its value lies in an object. */
export interface SelectableField {
  /** As the fieldSelector names it. */
  readonly path: string;
  /** Where it lies in JSON; the first of several that is there and not empty counts. */
  readonly json: readonly (readonly string[])[];
  /** Where it lies in protobuf, in the order of `json`: field numbers from the object's message on. */
  readonly protobuf: readonly (readonly number[])[];
  readonly kind: "string" | "bool" | "int";
  /** Its value where the object does not have it. */
  readonly absent: string;
}

/** The fields beyond `metadata.name` and `metadata.namespace` that upstream selects this type by; none for types that have no others. */
export function selectableFields(group: string, resource: string): readonly SelectableField[] {
  return fieldsByResource.get(keyOf(group, resource)) ?? [];
}

/**
 * Whether every upstream from 1.33 on that has this type selects it by that field. False for what only some do (a ResourceSlice's
 * `spec.pool.name`), for aliases (`spec.host`), for what is accepted but never set (`status.podIPs`), and for the fields that a
 * CustomResourceDefinition names: upstream has to answer those.
 */
export function isSelectableField(group: string, resource: string, path: string): boolean {
  if (path === "metadata.name") return true;
  if (path === "metadata.namespace") return !withoutNamespaceField.has(keyOf(group, resource));
  return selectableFields(group, resource).some((field) => field.path === path);
}

function keyOf(group: string, resource: string): string {
  return formatGroupResource({ group, resource });
}

function string(path: string, protobuf: readonly number[], json = path): SelectableField {
  return { path, json: [json.split(".")], protobuf: [protobuf], kind: "string", absent: "" };
}

function bool(path: string, protobuf: readonly number[]): SelectableField {
  return { path, json: [path.split(".")], protobuf: [protobuf], kind: "bool", absent: "false" };
}

function int(path: string, protobuf: readonly number[], json = path): SelectableField {
  return { path, json: [json.split(".")], protobuf: [protobuf], kind: "int", absent: "0" };
}

/** An ObjectReference's fields. */
function reference(path: string, field: number): readonly SelectableField[] {
  const names = ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"];
  return names.map((name, index) => string(`${path}.${name}`, [field, index + 1]));
}

/** What reported a core Event, by its older name where it has it (registry/core/event, ToSelectableFields). */
const eventSource: SelectableField = {
  path: "source",
  json: [["source", "component"], ["reportingComponent"]],
  protobuf: [[5, 1], [14]],
  kind: "string",
  absent: "",
};

const fieldsByResource: ReadonlyMap<string, readonly SelectableField[]> = new Map([
  [
    "pods",
    [
      string("spec.nodeName", [2, 10]),
      string("spec.restartPolicy", [2, 3]),
      string("spec.schedulerName", [2, 19]),
      string("spec.serviceAccountName", [2, 8]),
      bool("spec.hostNetwork", [2, 11]),
      string("status.phase", [3, 1]),
      string("status.podIP", [3, 6]),
      string("status.nominatedNodeName", [3, 11]),
    ],
  ],
  ["nodes", [bool("spec.unschedulable", [2, 4])]],
  ["namespaces", [string("status.phase", [3, 1])]],
  ["secrets", [string("type", [3])]],
  ["services", [string("spec.clusterIP", [2, 3]), string("spec.type", [2, 4])]],
  ["replicationcontrollers", [int("status.replicas", [3, 1])]],
  [
    "events",
    [
      ...reference("involvedObject", 2),
      string("reason", [3]),
      eventSource,
      string("type", [9]),
      string("reportingComponent", [14]),
    ],
  ],
  [
    "events.events.k8s.io",
    [
      ...reference("regarding", 8),
      string("reason", [7]),
      string("type", [11]),
      string("reportingController", [4]),
    ],
  ],
  ["jobs.batch", [int("status.successful", [3, 5], "status.succeeded")]],
  ["certificatesigningrequests.certificates.k8s.io", [string("spec.signerName", [2, 7])]],
  ["clustertrustbundles.certificates.k8s.io", [string("spec.signerName", [2, 1])]],
  [
    "podcertificaterequests.certificates.k8s.io",
    [
      string("spec.signerName", [2, 1]),
      string("spec.podName", [2, 2]),
      string("spec.nodeName", [2, 6]),
    ],
  ],
  [
    "resourceslices.resource.k8s.io",
    [string("spec.driver", [2, 1]), string("spec.nodeName", [2, 3])],
  ],
]);

/** Types whose `metadata.namespace` upstream refuses with 400; the other types without a namespace take it. */
const withoutNamespaceField: ReadonlySet<string> = new Set([
  "namespaces",
  "nodes",
  "certificatesigningrequests.certificates.k8s.io",
  "clustertrustbundles.certificates.k8s.io",
  "podcertificaterequests.certificates.k8s.io",
  "resourceslices.resource.k8s.io",
]);
