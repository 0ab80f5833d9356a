import type { GroupResource } from "./same-objects.ts";

/** A resource of an API, as in the path: `apps`, `v1`, `deployments`. The core group is the empty string. */
export interface GroupVersionResource {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
}

/** The text form `group/version/resource`; the core group is left out: `v1/configmaps`. */
export function formatGroupVersionResource(gvr: GroupVersionResource): string {
  return gvr.group === ""
    ? `${gvr.version}/${gvr.resource}`
    : `${gvr.group}/${gvr.version}/${gvr.resource}`;
}

/** The text form `resource.group` of apimachinery's GroupResource; the core group is left out: `configmaps`. */
export function formatGroupResource(gvr: GroupResource): string {
  return gvr.group === "" ? gvr.resource : `${gvr.resource}.${gvr.group}`;
}

/** The `apiVersion` of objects of this resource: `v1`, `apps/v1`. */
export function formatGroupVersion(gvr: Omit<GroupVersionResource, "resource">): string {
  return gvr.group === "" ? gvr.version : `${gvr.group}/${gvr.version}`;
}
