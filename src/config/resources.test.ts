import { describe, expect, test } from "bun:test";

import { createCacheableTest, createPatternTest, parsePattern, parsePreload } from "./resources.ts";

describe("parsePreload", () => {
  test.each([
    ["v1/configmaps", "", "v1", "configmaps"],
    ["apps/v1/deployments", "apps", "v1", "deployments"],
    ["a.example.com/v1alpha2/widgets", "a.example.com", "v1alpha2", "widgets"],
  ])("%s", (text, group, version, resource) => {
    expect(parsePreload(text)).toEqual({ group, version, resource });
  });

  test.each([
    "",
    "configmaps",
    "apps/deployments",
    "/v1/pods",
    "v1/Pods",
    "v1/pods/status",
    "apps/v1/*",
  ])("%p is refused", (text) => {
    expect(() => parsePreload(text)).toThrow("is no resource; write it as v1/configmaps");
  });
});

describe("parsePattern", () => {
  test.each([
    ["*", "*", "*"],
    ["pods", "", "pods"],
    ["/pods", "", "pods"],
    ["apps/*", "apps", "*"],
    ["*/leases", "*", "leases"],
    ["*.example.com/widgets", "*.example.com", "widgets"],
  ])("%s", (text, group, resource) => {
    expect(parsePattern(text)).toEqual({ group, resource });
  });

  test.each(["", "apps/", "apps/v1/deployments", "Pods", "a b"])("%p is refused", (text) => {
    expect(() => parsePattern(text)).toThrow("is no pattern");
  });

  test.each(["v1/secrets", "v1/*", "v1beta1/leases", "v2alpha3/secrets"])(
    "%p, with a version for a group, is refused",
    (text) => {
      expect(() => parsePattern(text)).toThrow("is a version, and a pattern has none");
    },
  );
});

function patterns(text: string) {
  const parts = text.split(",").filter((part) => part !== "");
  return parts.map(parsePattern);
}

describe("createCacheableTest", () => {
  test.each([
    // allowed, refused, group, resource -> cacheable
    ["*/*", "", "", "configmaps", true],
    ["*/*", "", "apps", "deployments", true],
    ["*/*", "", "", "events", false],
    ["*/*", "", "events.k8s.io", "events", false],
    ["*/*", "", "coordination.k8s.io", "leases", false],
    ["*/*", "", "example.com", "events", true],
    ["*/*", "", "authorization.k8s.io", "selfsubjectaccessreviews", false],
    ["*/*", "", "authentication.k8s.io", "tokenreviews", false],
    ["*/*", "", "metrics.k8s.io", "pods", false],
    ["*/*", "", "", "componentstatuses", false],
    ["*,events", "", "", "events", true],
    ["*,events", "", "events.k8s.io", "events", true],
    ["*,events.k8s.io/events", "", "", "events", true],
    ["*,events.k8s.io/events", "/events", "events.k8s.io", "events", false],
    ["*", "networking.k8s.io/ingresses", "extensions", "ingresses", false],
    ["*", "a*b*c*d*e/x", "a".repeat(60_000), "x", true],
    ["coordination.k8s.io/leases", "", "coordination.k8s.io", "leases", true],
    ["coordination.k8s.io/*", "", "coordination.k8s.io", "leases", false],
    ["apps/*", "", "", "pods", false],
    ["apps/*", "", "apps", "deployments", true],
    ["/pods", "", "apps", "pods", false],
    ["*/*", "secrets", "", "secrets", false],
    ["*/*", "secrets", "", "configmaps", true],
    ["*/*", "secrets", "", "events", false],
    ["secrets", "secrets", "", "secrets", false],
    ["*/*", "*.example.com/*", "a.example.com", "widgets", false],
    ["*/*", "*.example.com/*", "axexample.com", "widgets", true],
    ["*/*", "", "", "", true],
    ["", "", "", "", false],
    ["apps/*", "", "apps\napps", "deployments", false],
    ["apps/*", "", "", "apps\ndeployments", false],
  ])("allowed %s, refused %p: %s/%s is %p", (allowed, refused, group, resource, cacheable) => {
    const isCacheable = createCacheableTest(patterns(allowed), patterns(refused));
    expect(isCacheable(group, resource)).toBe(cacheable);
  });
});

describe("createPatternTest", () => {
  test.each([
    ["events", "events.k8s.io", "events", true],
    ["events.k8s.io/*", "", "events", true],
    ["events", "example.com", "events", false],
    ["*/events", "example.com", "events", true],
    ["apps/*", "extensions", "deployments", true],
    ["apps/*", "extensions", "ingresses", false],
    ["extensions/ingresses", "networking.k8s.io", "ingresses", true],
    ["pods", "metrics.k8s.io", "pods", false],
  ])("%s names %s/%s: %p", (text, group, resource, isNamed) => {
    expect(createPatternTest(patterns(text))(group, resource)).toBe(isNamed);
  });
});
