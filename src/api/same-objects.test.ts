import { describe, expect, test } from "bun:test";

import { sharesStore } from "./same-objects.ts";

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
    ["extensions/ingresses", "networking.k8s.io/ingresses", true],
    ["extensions/deployments", "apps/deployments", true],
    ["extensions/deployments", "example.com/deployments", false],
    ["extensions/ingresses", "apps/deployments", false],
  ])("%s and %s: %p", (one, other, isShared) => {
    const [a, b] = [one, other].map((text) => {
      const [group = "", resource = ""] = text.split("/");
      return { group, resource };
    });
    if (a === undefined || b === undefined) throw new Error("two are needed");
    expect([sharesStore(a, b), sharesStore(b, a)]).toEqual([isShared, isShared]);
  });
});
