import { formatGroupVersion, type GroupVersionResource } from "../api/group-version-resource.ts";

/** A type that the fake apiserver serves. */
export interface FakeType {
  readonly gvr: GroupVersionResource;
  readonly kind: string;
  readonly singular: string;
  readonly scope: "Namespaced" | "Cluster";
  /** Custom resources are written with sorted keys, `kind` and `apiVersion` in lists too, and have no protobuf. */
  readonly form: "built-in" | "custom";
  /** The order of the keys behind `metadata`, as the Go type has them. */
  readonly fields: readonly string[];
  /** What DELETE answers: the object, or a Status with its uid. */
  readonly deleteAnswers: "object" | "Status";
  readonly hasStatus: boolean;
  /** Beside `status`. */
  readonly subresources: readonly string[];
  readonly hasGeneration: boolean;
  /** What every answer warns of. */
  readonly deprecation?: string;
}

function builtIn(
  groupVersion: string,
  resource: string,
  kind: string,
  more: Partial<FakeType> = {},
): FakeType {
  const [group, version] = groupVersion.includes("/")
    ? groupVersion.split("/", 2)
    : ["", groupVersion];
  return {
    gvr: { group: group ?? "", version: version ?? "", resource },
    kind,
    singular: kind.toLowerCase(),
    scope: "Namespaced",
    form: "built-in",
    fields: ["spec", "status"],
    deleteAnswers: "Status",
    hasStatus: false,
    subresources: [],
    hasGeneration: false,
    ...more,
  };
}

export const fakeTypes: readonly FakeType[] = [
  builtIn("v1", "configmaps", "ConfigMap", { fields: ["immutable", "data", "binaryData"] }),
  builtIn("v1", "secrets", "Secret", { fields: ["immutable", "data", "type"] }),
  builtIn("v1", "namespaces", "Namespace", {
    scope: "Cluster",
    hasStatus: true,
    subresources: ["finalize"],
  }),
  builtIn("v1", "pods", "Pod", {
    deleteAnswers: "object",
    hasStatus: true,
    subresources: ["binding", "ephemeralcontainers", "eviction"],
    hasGeneration: true,
  }),
  builtIn("v1", "nodes", "Node", { scope: "Cluster", hasStatus: true }),
  builtIn("v1", "services", "Service", { deleteAnswers: "object", hasStatus: true }),
  builtIn("v1", "endpoints", "Endpoints", {
    fields: ["subsets"],
    deprecation: "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
  }),
  builtIn("v1", "serviceaccounts", "ServiceAccount", { deleteAnswers: "object", fields: [] }),
  builtIn("coordination.k8s.io/v1", "leases", "Lease"),
  builtIn("apps/v1", "deployments", "Deployment", {
    hasStatus: true,
    subresources: ["scale"],
    hasGeneration: true,
  }),
  builtIn("example.com/v1", "widgets", "Widget", {
    form: "custom",
    hasStatus: true,
    hasGeneration: true,
  }),
];

/** The type of a resource; undefined where the fake does not serve it. */
export function findFakeType(gvr: GroupVersionResource): FakeType | undefined {
  return fakeTypes.find(
    (type) =>
      type.gvr.group === gvr.group &&
      type.gvr.version === gvr.version &&
      type.gvr.resource === gvr.resource,
  );
}

export function apiVersionOf(type: FakeType): string {
  return formatGroupVersion(type.gvr);
}
