import { describe, expect, test } from "bun:test";

import {
  formatGroupResource,
  formatGroupVersion,
  formatGroupVersionResource,
  sharesStore,
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

describe("sharesStore", () => {
  test.each([
    ["/pods", "/pods", true],
    ["/pods", "/services", false],
    ["/pods", "metrics.k8s.io/pods", false],
    ["/events", "events.k8s.io/events", true],
    ["events.k8s.io/events", "events.k8s.io/events", true],
    ["example.com/events", "example.com/events", true],
    ["example.com/events", "/events", false],
    ["example.com/events", "events.k8s.io/events", false],
  ])("%s and %s: %p", (one, other, isShared) => {
    const [a, b] = [one, other].map((text) => {
      const [group = "", resource = ""] = text.split("/");
      return { group, resource };
    });
    if (a === undefined || b === undefined) throw new Error("two are needed");
    expect([sharesStore(a, b), sharesStore(b, a)]).toEqual([isShared, isShared]);
  });
});
