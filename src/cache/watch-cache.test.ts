import { describe, expect, test } from "bun:test";

import { everyField } from "../api/field-selector.ts";
import { everything } from "../api/label-selector.ts";
import { parseResourceVersion } from "../api/resource-version.ts";
import { expired, type Status } from "../api/status.ts";
import { configMap, configMapForm, jsonCodec, type ObjectSpec } from "../testing/objects.ts";
import type { Frames } from "./frames.ts";
import type { LostInterval } from "./lost-interval.ts";
import { Store } from "./store.ts";
import { WatchCache, type Watcher } from "./watch-cache.ts";

const version = (number: number) => parseResourceVersion(String(number));
const limits = { maxEvents: 100, maxBytes: 1 << 20, maxAgeMs: 75_000 };

/** A scope of configmaps at this version, its watch from there or from before. */
function filled(at: number, specs: readonly ObjectSpec[], watchFrom = at): WatchCache {
  const cache = new WatchCache(
    {
      gvr: { group: "", version: "v1", resource: "configmaps" },
      codec: jsonCodec,
      namespace: "",
      labelSelector: everything,
      fieldSelector: everyField,
    },
    limits,
  );
  const store = Store.of(specs.map((spec) => configMap(spec)));
  cache.replace(store, version(at), configMapForm, version(watchFrom));
  return cache;
}

function apply(
  cache: WatchCache,
  type: "ADDED" | "MODIFIED" | "DELETED",
  name: string,
  at: number,
) {
  cache.apply([{ type, item: configMap({ name, resourceVersion: String(at) }) }], 0);
}

class Recorder implements Watcher {
  readonly seen: string[] = [];
  ended: Status | "cleanly" | undefined;
  deliver(changes: readonly Frames[]): void {
    for (const { event } of changes)
      this.seen.push(`${event.type} ${event.item.name} ${event.item.resourceVersion}`);
  }
  crossed({ after, before }: LostInterval): void {
    this.seen.push(`lost ${after} to ${before}`);
  }
  end(status: Status | undefined): void {
    this.ended = status ?? "cleanly";
  }
}

function names(store: Store | undefined): readonly string[] | undefined {
  return store && [...store.items()].map((item) => `${item.name}@${item.resourceVersion}`);
}

describe("WatchCache", () => {
  test("its version moves with events and bookmarks only, never with an item's own", () => {
    const cache = filled(10, [{ name: "a", resourceVersion: "3" }]);
    expect(cache.resourceVersion).toBe(version(10));
    apply(cache, "MODIFIED", "a", 12);
    cache.bookmark(version(20), 0);
    cache.bookmark(version(15), 0);
    expect(cache.resourceVersion).toBe(version(20));
  });

  test("shows every state of its history by undoing what came later", () => {
    const cache = filled(10, [{ name: "a", resourceVersion: "3" }]);
    apply(cache, "ADDED", "b", 11);
    apply(cache, "MODIFIED", "a", 12);
    apply(cache, "DELETED", "b", 13);
    const states = [9, 10, 11, 12, 13, 14].map((at) => names(cache.storeAt(version(at))));
    expect(states).toEqual([
      undefined,
      ["a@3"],
      ["a@3", "b@11"],
      ["a@12", "b@11"],
      ["a@12"],
      undefined,
    ]);
  });

  test("knows where its type lives when the last object has gone", () => {
    const cache = filled(10, []);
    expect(cache.place).toBe("unknown");
    apply(cache, "ADDED", "a", 11);
    const { place } = cache;
    apply(cache, "DELETED", "a", 12);
    expect([place, cache.place]).toEqual(["namespaced", "namespaced"]);
  });

  test("watchers are told of each change once, in order", () => {
    const cache = filled(10, []);
    const watcher = new Recorder();
    cache.subscribe(watcher);
    apply(cache, "ADDED", "a", 11);
    apply(cache, "MODIFIED", "a", 12);
    apply(cache, "MODIFIED", "a", 12);
    apply(cache, "DELETED", "nobody", 13);
    apply(cache, "DELETED", "a", 14);
    cache.unsubscribe(watcher);
    apply(cache, "ADDED", "a", 15);
    expect(watcher.seen).toEqual(["ADDED a 11", "MODIFIED a 12", "DELETED a 14"]);
  });

  test("a watch from before the state tells what lies between, and changes nothing", () => {
    const cache = filled(20, [{ name: "a", resourceVersion: "15" }], 10);
    const watcher = new Recorder();
    cache.subscribe(watcher);
    apply(cache, "MODIFIED", "a", 15);
    apply(cache, "MODIFIED", "a", 21);
    expect(watcher.seen).toEqual(["MODIFIED a 15", "MODIFIED a 21"]);
    expect(names(cache.store)).toEqual(["a@21"]);
    expect(cache.changesAfter(version(10), "whole scope")?.length).toBe(2);
    expect(cache.changesAfter(version(10), "narrower")).toBeUndefined();
    expect(cache.changesAfter(version(20), "narrower")?.length).toBe(1);
  });

  test("deletions of one version are one change", () => {
    const events = ["a", "b", "c"].map((name) => ({ name, resourceVersion: "5" }));
    const cache = filled(10, events);
    const watcher = new Recorder();
    cache.subscribe(watcher);
    const gone = ["a", "b"].map((name) => configMap({ name, resourceVersion: "11" }));
    cache.apply(
      gone.map((item) => ({ type: "DELETED" as const, item })),
      0,
    );
    expect(watcher.seen).toEqual(["DELETED a 11", "DELETED b 11"]);
    expect(names(cache.store)).toEqual(["c@5"]);
  });

  test("the rest of a change that was cut is taken when the watch resumes one lower", () => {
    const cache = filled(
      10,
      ["a", "b"].map((name) => ({ name, resourceVersion: "5" })),
    );
    apply(cache, "DELETED", "a", 11);
    apply(cache, "DELETED", "a", 11);
    apply(cache, "DELETED", "b", 11);
    expect([names(cache.store), cache.resourceVersion]).toEqual([[], version(11)]);
  });

  test("a lost history ends the watchers with its Status, and the state stays", () => {
    const cache = filled(10, [{ name: "a" }]);
    const watcher = new Recorder();
    cache.subscribe(watcher);
    const { status } = expired("too old resource version: 1 (5)");
    cache.forgetHistory(status);
    expect(watcher.ended).toBe(status);
    expect([cache.size, cache.watcherCount]).toEqual([1, 0]);
  });

  test("ahead of a state that took a later one's place lies the former history, until this one has come as far", () => {
    const cache = filled(10, [{ name: "a" }]);
    const swapIn = (at: number) =>
      cache.replace(Store.of([]), version(at), configMapForm, version(at));
    const former = () => [4, 7, 8, 10, 11].map((at) => cache.isOfFormerHistory(version(at)));
    expect(former()).toEqual([false, false, false, false, false]);
    swapIn(7);
    expect(former()).toEqual([false, false, true, true, false]);
    swapIn(4);
    expect(former()).toEqual([false, true, true, true, false]);
    swapIn(9);
    expect(former()).toEqual([false, false, false, true, false]);
    swapIn(11);
    expect(former()).toEqual([false, false, false, false, false]);
  });

  test("who waits for a version is answered when it comes, or when the time is over", async () => {
    const cache = filled(10, []);
    const [now, soon, never] = [10, 12, 99].map((at) => cache.waitUntilFresh(version(at), 5));
    apply(cache, "ADDED", "a", 12);
    expect(await Promise.all([now, soon, never])).toEqual([true, true, false]);
  });

  test("who waits is told at once when the scope is dropped", async () => {
    const cache = filled(10, []);
    const waiting = cache.waitUntilFresh(version(99), 60_000);
    cache.drop(undefined);
    expect(await waiting).toBe(false);
    expect(cache.isFilled).toBe(false);
  });
});

describe("WatchCache.bridge", () => {
  test("watchers stay and are told the difference; nothing of what lies between is shown", () => {
    const cache = filled(10, [{ name: "a", resourceVersion: "3" }]);
    const watcher = new Recorder();
    cache.subscribe(watcher);
    const b = configMap({ name: "b", resourceVersion: "25" });
    const next = { store: Store.of([b]), resourceVersion: version(30), form: configMapForm };
    const a = configMap({ name: "a", resourceVersion: "3" });
    const gone = configMap({ name: "a", resourceVersion: "11" });
    cache.bridge(
      next,
      [
        { type: "DELETED", item: gone, previous: a },
        { type: "ADDED", item: b, previous: undefined },
      ],
      0,
    );
    expect(watcher.seen).toEqual(["lost 10 to 30", "DELETED a 11", "ADDED b 25"]);
    expect([10, 11, 20, 29, 30].map((at) => cache.isLost(version(at)))).toEqual([
      false,
      true,
      true,
      true,
      false,
    ]);
    const states = [10, 11, 25, 30].map((at) => names(cache.storeAt(version(at))));
    expect(states).toEqual([["a@3"], undefined, undefined, ["b@25"]]);
    expect(cache.changesAfter(version(10), "narrower")?.length).toBe(2);
  });
});

describe("WatchCache.replace", () => {
  test("ends who watched the state before: what lies between is not known", () => {
    const cache = filled(10, []);
    const watcher = new Recorder();
    cache.subscribe(watcher);
    cache.replace(Store.of([]), version(20), configMapForm, version(20));
    expect(watcher.ended).toMatchObject({
      code: 410,
      message: "too old resource version: 10 (20)",
    });
    apply(cache, "ADDED", "a", 21);
    expect(watcher.seen).toEqual([]);
  });
});
