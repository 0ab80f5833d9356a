import { describe, expect, test } from "bun:test";

import { parseResourceVersion } from "./api/resource-version.ts";
import { lastUse, newestFirst, type StoredScope } from "./stored-scopes.ts";
import { configMapScope } from "./testing/disk.ts";

function stored(resource: string, namespace: string, usedAt: number, at?: number): StoredScope {
  const scope = { ...configMapScope(namespace), gvr: { group: "", version: "v1", resource } };
  const resourceVersion = at === undefined ? undefined : parseResourceVersion(String(at));
  return { scope, usedAt, resourceVersion };
}

const all = [
  stored("pods", "a", 50, 9),
  stored("configmaps", "damaged", 40),
  stored("configmaps", "old", 30, 99),
  stored("pods", "b", 20, 10),
  stored("configmaps", "new", 10, 100),
];

describe("newestFirst", () => {
  test("the resource used last comes first, of each resource the newest state", () => {
    const names = newestFirst(all).map(({ scope }) => `${scope.gvr.resource} ${scope.namespace}`);
    expect(names).toEqual([
      "pods b",
      "pods a",
      "configmaps new",
      "configmaps old",
      "configmaps damaged",
    ]);
  });
});

describe("lastUse", () => {
  test("is the latest, whatever the order; 0 of none", () => {
    expect([lastUse(all), lastUse(newestFirst(all)), lastUse([])]).toEqual([50, 50, 0]);
  });
});
