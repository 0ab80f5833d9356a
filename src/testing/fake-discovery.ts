import { apiVersionOf, fakeTypes } from "./fake-types.ts";

const health = new Set(["/livez", "/readyz", "/healthz"]);

const version = {
  major: "1",
  minor: "37",
  gitVersion: "v1.37.0-fake",
  gitCommit: "",
  gitTreeState: "",
  buildDate: "2026-01-01T00:00:00Z",
  goVersion: "",
  compiler: "",
  platform: "linux/amd64",
};

const verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/** The answer to a path that is no resource's; undefined for what an apiserver answers with `404 page not found`. */
export function discover(
  path: string,
):
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "json"; readonly value: object }
  | undefined {
  if (health.has(path)) return { kind: "text", text: "ok" };
  if (path === "/version") return { kind: "json", value: version };
  if (path === "/api") {
    return {
      kind: "json",
      value: { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] },
    };
  }
  if (path === "/apis") return { kind: "json", value: groupList() };
  if (path === "/openapi/v2") {
    return {
      kind: "json",
      value: { swagger: "2.0", info: { title: "fake", version: "v1" }, paths: {} },
    };
  }
  if (path === "/openapi/v3") return { kind: "json", value: { paths: {} } };
  const [, prefix, group, groupVersion] = path.replace(/\/$/, "").split("/");
  if (prefix === "api" && group === "v1") return resources("v1");
  if (prefix !== "apis" || group === undefined) return undefined;
  if (groupVersion !== undefined) return resources(`${group}/${groupVersion}`);
  const found = groupList().groups.find(({ name }) => name === group);
  return found === undefined
    ? undefined
    : { kind: "json", value: { kind: "APIGroup", apiVersion: "v1", ...found } };
}

function groupList() {
  const names = new Set(fakeTypes.map(({ gvr }) => gvr.group).filter((group) => group !== ""));
  const groups = [...names].map((name) => {
    const of = { groupVersion: `${name}/v1`, version: "v1" };
    return { name, versions: [of], preferredVersion: of };
  });
  return { kind: "APIGroupList", apiVersion: "v1", groups };
}

/** What differs of a subresource that is not its object. */
const ownForms: Readonly<Record<string, object>> = {
  binding: { kind: "Binding", verbs: ["create"] },
  eviction: { group: "policy", version: "v1", kind: "Eviction", verbs: ["create"] },
  finalize: { verbs: ["update"] },
  scale: { group: "autoscaling", version: "v1", kind: "Scale" },
};

function resources(groupVersion: string) {
  const types = fakeTypes.filter((type) => apiVersionOf(type) === groupVersion);
  if (types.length === 0) return undefined;
  const list = types.flatMap((type) => {
    const namespaced = type.scope === "Namespaced";
    const own = {
      name: type.gvr.resource,
      singularName: type.singular,
      namespaced,
      kind: type.kind,
      verbs,
    };
    const parts = type.hasStatus ? ["status", ...type.subresources] : type.subresources;
    const subresources = parts.map((part) => ({
      ...own,
      name: `${own.name}/${part}`,
      singularName: "",
      verbs: ["get", "patch", "update"],
      ...ownForms[part],
    }));
    return [own, ...subresources];
  });
  const value = { kind: "APIResourceList", apiVersion: "v1", groupVersion, resources: list };
  return { kind: "json", value } as const;
}
