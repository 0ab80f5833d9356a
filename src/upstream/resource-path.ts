import type { GroupVersionResource } from "../api/group-version-resource.ts";

/** The path of a resource's collection, in a namespace or over all (empty); with a name, of one object. */
export function resourcePath(gvr: GroupVersionResource, namespace: string, name = ""): string {
  const root = gvr.group === "" ? `/api/${gvr.version}` : `/apis/${gvr.group}/${gvr.version}`;
  const place = namespace === "" ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
  const object = name === "" ? "" : `/${encodeURIComponent(name)}`;
  return `${root}${place}/${gvr.resource}${object}`;
}
