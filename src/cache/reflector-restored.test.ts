import { afterEach, describe, expect, test } from "bun:test";

import { parseResourceVersion } from "../api/resource-version.ts";
import { configMap, configMapForm } from "../testing/objects.ts";
import { a3, Scene } from "../testing/reflector-scene.ts";
import { bookmark, errorEvent, event, settle } from "../testing/scripted-upstream.ts";
import { Store } from "./store.ts";
import type { KeptState } from "./watch-cache.ts";

const version = parseResourceVersion;

/** a@3 at 10, as it was kept. */
const kept: KeptState = {
  store: Store.of([configMap(a3)]),
  resourceVersion: version("10"),
  form: configMapForm,
  listForm: undefined,
  since: version("10"),
  statesSince: version("10"),
  replayedTo: version("10"),
  changes: [],
  lost: [],
  at: Date.now(),
};

describe("a Reflector that begins with what was kept", () => {
  let scene: Scene;

  afterEach(() => scene.stop());

  test("goes on with a watch from there, lists nothing, and counts as old", async () => {
    scene = new Scene({ kept });
    await settle();
    expect(scene.upstream.log).toEqual(["watch 10"]);
    expect(scene.state()).toEqual(["Listed", "10", "a@3"]);
    expect(scene.reflector.isConfirmed).toBe(false);
  });

  test("is confirmed without a read once upstream answers its watch", async () => {
    scene = new Scene({ kept, latest: async () => version("12") });
    await settle();
    const main = scene.upstream.at("watch 10");
    await main.stream();
    await settle();
    const second = scene.upstream.at("watch 10");
    expect(second).not.toBe(main);
    await second.stream(bookmark("12"));
    await settle();
    expect(scene.reflector.isConfirmed).toBe(true);
    expect(scene.state()).toEqual(["Watching", "12", "a@3"]);
  });

  test("finds another history though nobody reads: its watchers get a 410, and it is filled anew", async () => {
    scene = new Scene({ kept, latest: async () => version("7") });
    await settle();
    scene.subscribe();
    await scene.upstream.at("watch 10").stream();
    await settle();
    expect(scene.told).toEqual(["410"]);
    scene.subscribe();
    const call = scene.upstream.at("watch initial events");
    await call.stream(event("ADDED", { name: "b", resourceVersion: "11" }), bookmark("15", "end"));
    expect(scene.state()).toEqual(["Watching", "15", "b@11"]);
    expect(scene.told).toEqual(["410", "410"]);
    expect(scene.cache.changesAfter(version("10"), "whole scope")).toBeUndefined();
  });

  test("after an outage it is held against a LIST, which costs no second watch", async () => {
    const lists = ["10", "14", "7"];
    scene = new Scene({ kept, latest: async () => version(lists.shift() ?? "") });
    await settle();
    const first = await scene.upstream.at("watch 10").stream(bookmark("12"));
    await settle();
    expect(scene.reflector.isConfirmed).toBe(true);
    scene.subscribe();
    scene.reflector.doubt();
    first.end();
    await settle();
    const second = await scene.upstream.at("watch 12").stream(bookmark("13"));
    await settle();
    expect([scene.upstream.calls.length, scene.reflector.isConfirmed]).toEqual([2, false]);
    second.end();
    await settle();
    await scene.upstream.at("watch 13").stream();
    await settle();
    expect(scene.told).toEqual(["410"]);
  });

  test("what lay before it and was not told yet is told by its watch, and by the one that confirms it", async () => {
    const store = Store.of([configMap(a3)]);
    const before = { ...kept, store, since: version("5"), replayedTo: version("7") };
    scene = new Scene({ kept: before, latest: async () => version("12") });
    await settle();
    scene.subscribe();
    const main = await scene.upstream
      .at("watch 7")
      .stream(event("ADDED", { name: "b", resourceVersion: "8" }));
    await settle();
    const deleted = event("DELETED", { name: "b", resourceVersion: "9" });
    const c11 = event("ADDED", { name: "c", resourceVersion: "11" });
    const second = scene.upstream.calls.at(-1)!;
    await second.stream(deleted, c11, bookmark("12"));
    await settle();
    main.write(deleted, c11);
    await settle();
    expect(scene.told).toEqual(["ADDED b@8", "DELETED b@9", "ADDED c@11"]);
    expect(scene.state()).toEqual(["Watching", "12", "a@3", "c@11"]);
    expect(scene.reflector.isConfirmed).toBe(true);
  });

  test("a 410 of the watch that another one has overtaken loses nothing", async () => {
    const store = Store.of([configMap(a3)]);
    scene = new Scene({ kept: { ...kept, store }, latest: async () => version("12") });
    await settle();
    scene.subscribe();
    const main = await scene.upstream.at("watch 10").stream();
    await settle();
    const second = scene.upstream.calls.at(-1)!;
    await second.stream(event("ADDED", { name: "c", resourceVersion: "11" }), bookmark("12"));
    await settle();
    main.write(errorEvent(410));
    await settle();
    expect(scene.told).toEqual(["ADDED c@11"]);
    expect(scene.cache.changesAfter(version("10"), "narrower")).toHaveLength(1);
  });
});
