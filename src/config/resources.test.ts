import { describe, expect, test } from "bun:test";

import { createCacheableTest, createPatternTest, parsePattern, parsePreload } from "./resources.ts";

describe("parsePreload", () => {
  test.each([
    ["v1/configmaps", "", "v1", "configmaps"],
    ["apps/v1/deployments", "apps", "v1", "deployments"],
    ["a.example.com/v1alpha2/widgets", "a.example.com", "v1alpha2", "widgets"],
    // as kubectl has it
    ["configmaps", "", "v1", "configmaps"],
    ["events", "", "v1", "events"],
    ["deployments", "apps", "v1", "deployments"],
    ["horizontalpodautoscalers", "autoscaling", "v2", "horizontalpodautoscalers"],
    ["deployments.apps", "apps", "v1", "deployments"],
    ["events.events.k8s.io", "events.k8s.io", "v1", "events"],
    ["deployments.v1.apps", "apps", "v1", "deployments"],
    ["pods.v1.", "", "v1", "pods"],
    ["pods.v1", "", "v1", "pods"],
    ["widgets.v1alpha2.a.example.com", "a.example.com", "v1alpha2", "widgets"],
    // not Kubernetes' own, and so its name is the caller's to know
    ["example.com/v1/cm", "example.com", "v1", "cm"],
  ])("%s", (text, group, version, resource) => {
    expect(parsePreload(text)).toEqual({ group, version, resource });
  });

  test.each([
    ["", "is no resource; write it as configmaps, v1/configmaps or apps/v1/deployments"],
    ["/v1/pods", "is no resource; write it as configmaps"],
    ["v1/pods/status", "is no resource; write it as configmaps"],
    ["apps/v1/*", "is no resource; write it as configmaps"],
    ["*", "is no resource; write it as configmaps"],
    ["v1/Pods", "is no resource; write it as v1/pods"],
    ["ConfigMap", "is no resource; write it as configmaps"],
    ["Deployment", "is no resource; write it as deployments.apps"],
    ["cm", "is a short name; write it as configmaps"],
    ["po", "is a short name; write it as pods"],
    ["svc", "is a short name; write it as services"],
    ["deploy", "is a short name; write it as deployments.apps"],
    ["deploy.apps", "is a short name; write it as deployments.apps"],
    ["v1/cm", "is a short name; write it as v1/configmaps"],
    ["configmap", "is a singular; write it as configmaps"],
    ["apps/v1/deployment", "is a singular; write it as apps/v1/deployments"],
    ["ingress", "is a singular; write it as ingresses.networking.k8s.io"],
    ["networkpolicy", "is a singular; write it as networkpolicies.networking.k8s.io"],
    ["apps/deployments", "names no version; write it as apps/v1/deployments"],
    ["widgets.example.com", "names no version; write it as example.com/VERSION/widgets"],
    ["zebras", "names no version; write it as v1/zebras or GROUP/VERSION/zebras"],
    ["configmpas", "GROUP/VERSION/configmpas, or is it configmaps?"],
  ])("%p is refused: it %s", (text, message) => {
    expect(() => parsePreload(text)).toThrow(`${JSON.stringify(text)} `);
    expect(() => parsePreload(text)).toThrow(message);
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
    ["widgets", "", "widgets"],
    ["nothing", "", "nothing"],
    ["none", "", "none"],
    ["/secretss", "", "secretss"],
    ["secretss*", "", "secretss*"],
    ["conf*", "", "conf*"],
    // as kubectl has it
    ["deployments", "apps", "deployments"],
    ["leases", "coordination.k8s.io", "leases"],
    ["events", "", "events"],
    ["deployments.apps", "apps", "deployments"],
    ["deployments.v1.apps", "apps", "deployments"],
    ["secrets.v1.", "", "secrets"],
    ["*.apps", "apps", "*"],
    ["widgets.example.com", "example.com", "widgets"],
    ["example.com/cm", "example.com", "cm"],
  ])("%s", (text, group, resource) => {
    expect(parsePattern(text)).toEqual({ group, resource });
  });

  test.each([
    ["", "is no pattern; write it as deployments.apps, apps/deployments, apps/* or /pods"],
    ["apps/", "is no pattern"],
    ["apps/v1/deployments", "is no pattern; write it as apps/deployments"],
    ["a b", "is no pattern"],
    ["Pods", "is no pattern; write it as pods"],
    ["apps/Deployment", "is no pattern; write it as apps/deployments"],
    ["cm", "is a short name; write it as configmaps"],
    ["/cm", "is a short name; write it as /configmaps"],
    ["deploy", "is a short name; write it as deployments.apps"],
    ["secret", "is a singular; write it as secrets"],
    ["apps/deployment", "is a singular; write it as apps/deployments"],
    ["apps/v1/deploy", "is no pattern; write it as apps/deployments"],
    ["v1/cm", "write it as /configmaps (core resources have no group) or GROUP/configmaps"],
    [
      "secerts",
      "is no resource of Kubernetes; write it as secrets, or with its group as GROUP/secerts",
    ],
  ])("%p is refused: it %s", (text, message) => {
    expect(() => parsePattern(text)).toThrow(message);
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
