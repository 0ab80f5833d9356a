import { describe, expect, test } from "bun:test";

import {
  formatGroupResource,
  formatGroupVersion,
  formatGroupVersionResource,
} from "./group-version-resource.ts";

const pods = { group: "", version: "v1", resource: "pods" };
const deployments = { group: "apps", version: "v1", resource: "deployments" };

describe("group, version and resource as text", () => {
  test.each([
    [pods, "v1/pods", "pods", "v1"],
    [deployments, "apps/v1/deployments", "deployments.apps", "apps/v1"],
  ])("%j", (gvr, whole, groupResource, groupVersion) => {
    expect(formatGroupVersionResource(gvr)).toBe(whole);
    expect(formatGroupResource(gvr)).toBe(groupResource);
    expect(formatGroupVersion(gvr)).toBe(groupVersion);
  });
});
