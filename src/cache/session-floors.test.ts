import { describe, expect, test } from "bun:test";

import { everyField } from "../api/field-selector.ts";
import { everything, parseLabelSelector } from "../api/label-selector.ts";
import { parseResourceVersion } from "../api/resource-version.ts";
import { configMap, configMapForm, jsonCodec, type ObjectSpec } from "../testing/objects.ts";
import { type Floor, type FloorResolver, maxFloors, SessionFloors } from "./session-floors.ts";
import { Store } from "./store.ts";
import { WatchCache } from "./watch-cache.ts";

const version = (number: number) => parseResourceVersion(String(number));
const gvr = { group: "", version: "v1", resource: "configmaps" };

function cacheAt(
  at: number,
  specs: readonly ObjectSpec[],
  labels = "",
  namespace = "",
): WatchCache {
  const labelSelector = labels === "" ? everything : parseLabelSelector(labels);
  const scope = { gvr, codec: jsonCodec, namespace, labelSelector, fieldSelector: everyField };
  const cache = new WatchCache(scope, { maxEvents: 100, maxBytes: 1e6, maxAgeMs: 75_000 });
  const store = Store.of(specs.map((spec) => configMap(spec)));
  cache.replace(store, version(at), configMapForm, version(at));
  return cache;
}

function seen(spec: ObjectSpec): Floor {
  return { kind: "seen", object: configMap(spec) };
}

const noResolver: FloorResolver = {
  latest: () => Promise.reject(new Error("not asked")),
  object: () => Promise.reject(new Error("not asked")),
};

/** Whether a read is answered at once. */
function isMet(floors: SessionFloors, cache: WatchCache): Promise<boolean> {
  return floors.settle(cache, 1);
}

describe("SessionFloors", () => {
  test("a read waits for a write that its scope shows, until it is there", async () => {
    const cache = cacheAt(10, []);
    const floors = new SessionFloors(noResolver);
    floors.raise([cache], seen({ name: "a", resourceVersion: "12" }));
    expect(await isMet(floors, cache)).toBe(false);
    const item = configMap({ name: "a", resourceVersion: "12" });
    const waiting = floors.settle(cache, 1000);
    cache.apply([{ type: "ADDED", item }], 0);
    expect(await waiting).toBe(true);
    expect(floors.count(cache)).toBe(0);
  });

  test("nothing is waited for once the history it was of is found to be another", async () => {
    const [cache, other] = [cacheAt(10, []), cacheAt(10, [])];
    const floors = new SessionFloors(noResolver);
    floors.raise([cache, other], seen({ name: "a", resourceVersion: "12" }));
    floors.forget([cache], performance.now());
    expect(await isMet(floors, cache)).toBe(true);
    expect(await isMet(floors, other)).toBe(false);
  });

  test("what was said since the other history was asked for holds: a state of it may be older", async () => {
    const cache = cacheAt(10, []);
    const floors = new SessionFloors(noResolver);
    floors.raise([cache], seen({ name: "a", resourceVersion: "900" }));
    const asked = performance.now();
    floors.raise([cache], seen({ name: "a", resourceVersion: "12" }));
    floors.forget([cache], asked);
    expect(floors.count(cache)).toBe(1);
    const waiting = floors.settle(cache, 1000);
    cache.apply([{ type: "ADDED", item: configMap({ name: "a", resourceVersion: "12" }) }], 0);
    expect(await waiting).toBe(true);
  });

  test.each([
    ["another namespace", cacheAt(10, [], "", "other")],
    ["other labels", cacheAt(10, [], "app=x")],
  ])("a write to %s makes no read wait", async (_, cache) => {
    const floors = new SessionFloors(noResolver);
    floors.raise([cache], seen({ name: "a", resourceVersion: "12" }));
    expect(await isMet(floors, cache)).toBe(true);
  });

  test("an object that leaves the selection is waited for while it is held", async () => {
    const cache = cacheAt(10, [{ name: "a", resourceVersion: "5", labels: { app: "x" } }], "app=x");
    const floors = new SessionFloors(noResolver);
    floors.raise([cache], seen({ name: "a", resourceVersion: "12" }));
    expect(await isMet(floors, cache)).toBe(false);
    cache.apply([{ type: "DELETED", item: configMap({ name: "a", resourceVersion: "12" }) }], 0);
    expect(await isMet(floors, cache)).toBe(true);
  });

  test("a deletion is waited for by uid, however late the object comes", async () => {
    const cache = cacheAt(10, []);
    const floors = new SessionFloors(noResolver);
    const name = { namespace: "default", name: "a" };
    floors.raise([cache], { kind: "deleted", ...name, uid: "uid-a" });
    expect(await isMet(floors, cache)).toBe(true);
    cache.apply([{ type: "ADDED", item: configMap({ name: "a", resourceVersion: "11" }) }], 0);
    expect(await isMet(floors, cache)).toBe(false);
    cache.apply([{ type: "DELETED", item: configMap({ name: "a", resourceVersion: "12" }) }], 0);
    expect(await isMet(floors, cache)).toBe(true);
    expect(floors.count(cache)).toBe(0);
  });

  test("another object of the same name is not the deleted one", async () => {
    const cache = cacheAt(10, [{ name: "a", uid: "second" }]);
    const floors = new SessionFloors(noResolver);
    floors.raise([cache], { kind: "deleted", namespace: "default", name: "a", uid: "first" });
    expect(await isMet(floors, cache)).toBe(true);
  });

  test("what must be looked up is asked once by all who wait", async () => {
    let asked = 0;
    const object = () => {
      asked++;
      const { namespace, name, uid, labels } = configMap({ name: "a" });
      const fields = undefined;
      return Promise.resolve({
        namespace,
        name,
        uid,
        labels,
        fields,
        resourceVersion: version(12),
      });
    };
    const cache = cacheAt(10, [{ name: "a" }]);
    const floors = new SessionFloors({ ...noResolver, object });
    floors.raise([cache], { kind: "look up", gvr, namespace: "default", name: "a" });
    expect(await Promise.all([isMet(floors, cache), isMet(floors, cache)])).toEqual([false, false]);
    expect(asked).toBe(1);
    cache.bookmark(version(12), 0);
    expect(await isMet(floors, cache)).toBe(true);
  });

  test("what is gone when looked up waits for the whole scope", async () => {
    const latest = () => Promise.resolve(version(15));
    const cache = cacheAt(10, []);
    const floors = new SessionFloors({ latest, object: () => Promise.resolve(undefined) });
    floors.raise([cache], { kind: "look up", gvr, namespace: "default", name: "a" });
    expect(await isMet(floors, cache)).toBe(false);
    cache.bookmark(version(15), 0);
    expect(await isMet(floors, cache)).toBe(true);
  });

  test("a read is behind while upstream cannot be asked", async () => {
    const cache = cacheAt(10, []);
    const floors = new SessionFloors(noResolver);
    floors.raise([cache], { kind: "everything" });
    expect(await isMet(floors, cache)).toBe(false);
  });

  test("past the bound the floors become one on everything", () => {
    const cache = cacheAt(10, []);
    const floors = new SessionFloors(noResolver);
    for (let index = 0; index <= maxFloors; index++)
      floors.raise([cache], {
        kind: "deleted",
        namespace: "n",
        name: `o${index}`,
        uid: `u${index}`,
      });
    expect(floors.count(cache)).toBe(1);
  });
});
