/** A field that a fieldSelector can name for a type, and where its value lies in an object. */
export interface SelectableField {
  /** As the fieldSelector names it. */
  readonly path: string;
  /** Where it lies in JSON; the first of several that is there and not empty counts. A number is an array's index. */
  readonly json: readonly (readonly (string | number)[])[];
  /** Where it lies in protobuf, in the order of `json`: field numbers from the object's message on; of a repeated one the first. */
  readonly protobuf: readonly (readonly number[])[];
  readonly kind: "string" | "bool" | "int";
  /** Its value where the object does not have it. */
  readonly absent: string;
}

/** The fields beyond `metadata.name` and `metadata.namespace` that upstream selects this type by; none for types that have no others. */
export function selectableFields(group: string, resource: string): readonly SelectableField[] {
  return fieldsByResource.get(group === "" ? resource : `${resource}.${group}`) ?? [];
}

/** Whether upstream selects this type by that field, in all releases from 1.33 on. */
export function isSelectableField(group: string, resource: string, path: string): boolean {
  return (
    path === "metadata.name" ||
    path === "metadata.namespace" ||
    selectableFields(group, resource).some((field) => field.path === path)
  );
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
      {
        path: "status.podIP",
        json: [
          ["status", "podIPs", 0, "ip"],
          ["status", "podIP"],
        ],
        protobuf: [
          [3, 12, 1],
          [3, 6],
        ],
        kind: "string",
        absent: "",
      },
      string("status.nominatedNodeName", [3, 11]),
    ],
  ],
  ["nodes", [bool("spec.unschedulable", [2, 4])]],
  ["namespaces", [string("status.phase", [3, 1])]],
  ["secrets", [string("type", [3])]],
  ["services", [string("spec.clusterIP", [2, 3]), string("spec.type", [2, 4])]],
  ["replicationcontrollers", [int("status.replicas", [3, 1])]],
  ["replicasets.apps", [int("status.replicas", [3, 1])]],
  ["jobs.batch", [int("status.successful", [3, 5], "status.succeeded")]],
  ["certificatesigningrequests.certificates.k8s.io", [string("spec.signerName", [2, 7])]],
]);
