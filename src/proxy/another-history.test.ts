import { describe, expect, test } from "bun:test";

import { parseResourceVersion } from "../api/resource-version.ts";
import { Store } from "../cache/store.ts";
import { WatchCache } from "../cache/watch-cache.ts";
import type { LiveScope } from "../cache/watch-caches.ts";
import { configMapScope } from "../testing/disk.ts";
import { configMap, configMapForm } from "../testing/objects.ts";
import { reached, tellOlder } from "./another-history.ts";

const limits = { maxEvents: 10, maxBytes: 1 << 20, maxAgeMs: 1000 };

/** A scope that holds `a` at a version, and has come to another. */
function scope(held: string, at: string) {
  const cache = new WatchCache(configMapScope(), limits);
  const version = parseResourceVersion(at);
  const fill = (object: string, to: string) =>
    cache.replace(
      Store.of([configMap({ name: "a", uid: "u", resourceVersion: object })]),
      parseResourceVersion(to),
      configMapForm,
      version,
    );
  fill(held, at);
  let told = 0;
  const live = { cache, reflector: { anotherHistory: () => told++ } } as unknown as LiveScope;
  return { live, fill, told: () => told };
}

describe("tellOlder", () => {
  test.each([
    // held, shown, uid -> told
    ["9", "8", "u", 1],
    ["9", "9", "u", 0],
    ["9", "12", "u", 0],
    ["9", "8", "v", 0],
    ["100", "99", "u", 1],
  ])("held at %s, shown at %s with the uid %s: %d", (held, resourceVersion, uid, expected) => {
    const { live, told } = scope(held, "100");
    const before = reached([live]);
    expect(tellOlder(before, configMap({ name: "a", uid, resourceVersion }))).toBe(expected > 0);
    expect(told()).toBe(expected);
  });

  test("what has changed since the question says nothing", () => {
    const { live, fill, told } = scope("9", "100");
    const before = reached([live]);
    fill("101", "101");
    expect(tellOlder(before, configMap({ name: "a", uid: "u", resourceVersion: "9" }))).toBe(false);
    expect(told()).toBe(0);
  });

  test("nor does what was filled anew from another history", () => {
    const { live, fill } = scope("90", "100");
    const before = reached([live]);
    fill("20", "30");
    expect(tellOlder(before, configMap({ name: "a", uid: "u", resourceVersion: "19" }))).toBe(
      false,
    );
  });

  test("a scope that holds nothing has reached nothing", () => {
    const { live } = scope("9", "100");
    live.cache.drop(undefined);
    expect(reached([live])).toEqual([]);
  });
});
