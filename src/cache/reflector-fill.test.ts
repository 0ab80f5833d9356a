import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";

import { parseResourceVersion } from "../api/resource-version.ts";
import {
  a3,
  b4,
  firstWaitMs,
  pass,
  Scene,
  type SceneOptions,
  silenceMs,
} from "../testing/reflector-scene.ts";
import {
  bookmark,
  errorEvent,
  event,
  listPage,
  type ScriptedBody,
  settle,
} from "../testing/scripted-upstream.ts";

let scene: Scene;

function begin(options: SceneOptions = {}): void {
  scene = new Scene(options);
}

beforeEach(() => {
  jest.useFakeTimers({ now: 1_800_000_000_000 });
});

afterEach(async () => {
  await scene.stop();
  jest.useRealTimers();
});

describe("Reflector, filling by a WatchList", () => {
  test("shows nothing before the end bookmark, then all, and goes on watching the same stream", async () => {
    begin();
    const body = await scene.upstream.at("watch initial events").stream(event("ADDED", a3));
    expect(scene.state()).toEqual(["Empty", undefined]);
    body.write(bookmark("10", "end"), event("ADDED", { name: "b", resourceVersion: "11" }));
    await settle();
    expect(await scene.reflector.firstAttempt).toBeUndefined();
    expect(scene.state()).toEqual(["Watching", parseResourceVersion("11"), "a@3", "b@11"]);
    expect(scene.upstream.log).toEqual(["watch initial events"]);
  });

  test("an empty one is a whole state", async () => {
    begin();
    await scene.upstream.at("watch initial events").stream(bookmark("7", "end"));
    expect(scene.state()).toEqual(["Watching", parseResourceVersion("7")]);
  });

  test("changes that come before the end bookmark are part of the state", async () => {
    begin();
    await scene.upstream
      .at("watch initial events")
      .stream(
        event("ADDED", a3),
        event("ADDED", b4),
        event("ADDED", { name: "c", resourceVersion: "5" }),
        event("MODIFIED", { name: "a", resourceVersion: "11" }),
        event("DELETED", { name: "b", resourceVersion: "12" }),
        event("DELETED", { name: "c", resourceVersion: "13" }),
        event("ADDED", { name: "c", resourceVersion: "14" }),
        event("ADDED", { name: "d", resourceVersion: "15" }),
        bookmark("15", "end"),
      );
    expect(scene.state()).toEqual(["Watching", parseResourceVersion("15"), "a@11", "c@14", "d@15"]);
  });

  test.each([[400], [422]])(
    "is a list by pages where it is refused with %d, for good",
    async (code) => {
      begin();
      await scene.upstream.at("watch initial events").refuse(code);
      (await scene.upstream.at("list limit=500").stream(listPage([a3]))).end();
      await settle();
      await scene.upstream.at("watch 10").refuse(410);
      await pass(firstWaitMs);
      expect(scene.upstream.log).toEqual([
        "watch initial events",
        "list limit=500",
        "watch 10",
        "list limit=500",
      ]);
    },
  );

  test("is a list by pages where it ends before its bookmark", async () => {
    begin();
    const body = await scene.upstream.at("watch initial events").stream(event("ADDED", a3));
    body.end();
    await settle();
    expect(scene.upstream.at("list limit=500").what).toBeString();
    expect(scene.cache.isFilled).toBe(false);
  });

  test("is a list by pages where nothing comes for 10 s and the bookmark is missing", async () => {
    begin();
    await scene.upstream.at("watch initial events").stream(event("ADDED", a3));
    await pass(9000);
    expect(scene.upstream.log).toEqual(["watch initial events"]);
    await pass(4000);
    expect(scene.upstream.log).toEqual(["watch initial events", "list limit=500"]);
    expect(scene.reports).toEqual([]);
  });

  test("is tried again where it is cut, and what had come is thrown away", async () => {
    begin();
    const body = await scene.upstream.at("watch initial events").stream(event("ADDED", a3));
    body.cut();
    await settle();
    expect(await scene.reflector.firstAttempt).toEqual(new Error("ECONNRESET"));
    await pass(firstWaitMs);
    await scene.upstream
      .at("watch initial events")
      .stream(event("ADDED", b4), bookmark("12", "end"));
    expect(scene.state()).toEqual(["Watching", parseResourceVersion("12"), "b@4"]);
    expect(scene.reports).toEqual(["failing: ECONNRESET", "recovered"]);
  });

  test.each([
    ["repeats a key", [event("ADDED", a3), event("ADDED", a3), bookmark("10", "end")]],
    ["has an item without a name", [event("ADDED", { name: "" }), bookmark("10", "end")]],
    ["says an error", [event("ADDED", a3), errorEvent(500)]],
  ])("one that %s is refused whole and asked for again", async (_, events) => {
    begin();
    await scene.upstream.at("watch initial events").stream(...events);
    expect(scene.state()).toEqual(["Empty", undefined]);
    await pass(firstWaitMs);
    expect(scene.upstream.log).toEqual(["watch initial events", "watch initial events"]);
  });

  test("one that does not fit is given up", async () => {
    begin();
    scene.fits = 100;
    await scene.upstream.at("watch initial events").stream(event("ADDED", a3), event("ADDED", b4));
    expect(await scene.reflector.firstAttempt).toEqual(new RangeError("it does not fit"));
  });
});

describe("Reflector, filling by pages", () => {
  test("asks for page after page, and shows all at the resourceVersion of the first", async () => {
    begin({ watchFrom: "10" });
    (await scene.upstream.at("list limit=500").stream(listPage([a3], "t1"))).end();
    await settle();
    expect(scene.cache.isFilled).toBe(false);
    (await scene.upstream.at("list limit=500 continue=t1").stream(listPage([b4], "", "12"))).end();
    await settle();
    await scene.upstream.at("watch 10").stream();
    expect(scene.state()).toEqual(["Watching", parseResourceVersion("10"), "a@3", "b@4"]);
    expect(scene.cache.listForm).toEqual({
      kind: "ConfigMapList",
      apiVersion: "v1",
      style: "typed",
    });
    expect(scene.cache.form?.kind).toBe("ConfigMap");
  });

  test("a token whose history is gone: the whole list is asked for at once", async () => {
    begin({ watchFrom: "10" });
    (await scene.upstream.at("list limit=500").stream(listPage([a3], "t1"))).end();
    await settle();
    await scene.upstream.at("list limit=500 continue=t1").refuse(410);
    (await scene.upstream.at("list limit=0").stream(listPage([b4], "", "20"))).end();
    await settle();
    expect(scene.state()).toEqual(["Listed", parseResourceVersion("20"), "b@4"]);
    expect(scene.upstream.log.at(-1)).toBe("watch 10");
    expect(scene.reports).toEqual([]);
  });

  test("a list at once that is refused with 410 too is a failure, tried again by pages", async () => {
    begin({ watchFrom: "10" });
    await scene.upstream.at("list limit=500").refuse(410);
    await scene.upstream.at("list limit=0").refuse(410, "gone");
    expect(scene.reports).toEqual(["failing: gone"]);
    await pass(firstWaitMs);
    expect(scene.upstream.log.at(-1)).toBe("list limit=500");
  });

  const truncated = listPage([a3, b4]).slice(0, -20);
  test.each([
    ["is cut", (body: ScriptedBody) => (body.write(truncated), body.cut())],
    ["ends too soon", (body: ScriptedBody) => (body.write(truncated), body.end())],
    ["repeats a key", (body: ScriptedBody) => (body.write(listPage([a3, a3])), body.end())],
    [
      "has an item without a name",
      (body: ScriptedBody) => (body.write(listPage([{ name: "" }])), body.end()),
    ],
    ["is no list", (body: ScriptedBody) => (body.text('{"kind":"Table"}'), body.end())],
  ])("a page that %s: nothing of it is shown, and it is listed again", async (_, write) => {
    begin({ watchFrom: "10" });
    write(await scene.upstream.at("list limit=500").stream());
    await settle();
    expect(scene.state()).toEqual(["Empty", undefined]);
    expect(scene.reports).toHaveLength(1);
    await pass(firstWaitMs);
    expect(scene.upstream.log).toEqual(["list limit=500", "list limit=500"]);
  });

  test("a second page that repeats a key of the first is refused with it", async () => {
    begin({ watchFrom: "10" });
    (await scene.upstream.at("list limit=500").stream(listPage([a3], "t1"))).end();
    await settle();
    (await scene.upstream.at("list limit=500 continue=t1").stream(listPage([a3]))).end();
    await settle();
    expect(scene.state()).toEqual(["Empty", undefined]);
    expect(scene.reports).toEqual(["failing: the list repeats default/a"]);
  });

  test("silence in the middle of a list is probed, and a dead link ends it", async () => {
    begin({ watchFrom: "10" });
    const body = await scene.upstream.at("list limit=500").stream();
    body.text('{"kind":"ConfigMapList",');
    await pass(silenceMs);
    expect(scene.upstream.probes).toBeGreaterThan(0);
    expect(scene.upstream.log).toEqual(["list limit=500"]);
    scene.upstream.link = "dead";
    await pass(silenceMs);
    expect(scene.upstream.log).toEqual(["list limit=500", "list limit=500"]);
  });
});
