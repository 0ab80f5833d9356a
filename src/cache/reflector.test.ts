import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";

import { a3, firstWaitMs, pass, Scene, type SceneOptions } from "../testing/reflector-scene.ts";
import { bookmark, errorEvent, listPage, settle } from "../testing/scripted-upstream.ts";

let scene: Scene;

function begin(options: SceneOptions = {}): void {
  scene = new Scene(options);
}

/** Whether the reflector has come to its end. */
async function isOver(): Promise<boolean> {
  let over = false;
  void scene.ended.then(() => (over = true));
  await settle();
  return over;
}

beforeEach(() => {
  jest.useFakeTimers({ now: 1_800_000_000_000 });
});

afterEach(async () => {
  await scene.stop();
  jest.useRealTimers();
});

describe("Reflector, failing", () => {
  test("waits grow from 200 to 600 ms, doubled each time, up to 15 to 45 s", async () => {
    begin({ watchFrom: "10" });
    const waits: number[] = [];
    for (let round = 0; round < 9; round++) {
      await scene.upstream.at("list limit=500").fail();
      const calls = scene.upstream.calls.length;
      const since = Date.now();
      while (scene.upstream.calls.length === calls) await pass(100);
      waits.push(Date.now() - since);
    }
    for (const [round, wait] of waits.entries()) {
      const middle = Math.min(400 * 2 ** round, 30_000);
      expect(wait).toBeGreaterThanOrEqual(middle * 0.5);
      expect(wait).toBeLessThanOrEqual(middle * 1.5 + 100);
    }
    expect(scene.reports.slice(0, 3)).toEqual([
      "failing: ECONNREFUSED",
      "failing again: ECONNREFUSED",
      "failing again: ECONNREFUSED",
    ]);
  });

  test("two scopes do not wait alike", async () => {
    const { Backoff } = await import("./backoff.ts");
    const waits = Array.from({ length: 20 }, () => new Backoff(400, 30_000).next());
    expect(new Set(waits).size).toBeGreaterThan(10);
  });

  test("once a watch has brought something, the next wait is the first again", async () => {
    begin();
    const body = await scene.watching();
    body.cut();
    await settle();
    for (let round = 0; round < 5; round++) {
      const calls = scene.upstream.calls.length;
      while (scene.upstream.calls.length === calls) await pass(100);
      await scene.upstream.at("watch 10").fail();
    }
    await pass(60_000);
    const second = await scene.upstream.at("watch 10").stream(bookmark("11"));
    second.cut();
    await settle();
    await pass(firstWaitMs);
    expect(scene.upstream.at("watch 11").what).toBeString();
  });

  test("watches that open and fail at once are one outage, and wait longer each time", async () => {
    begin();
    const body = await scene.watching();
    body.cut();
    await settle();
    const began = scene.upstream.calls.length;
    for (let step = 0; step < 100; step++) {
      await pass(100);
      const call = scene.upstream.calls.at(-1)!;
      if (scene.upstream.calls.length > began) await call.stream(errorEvent(500));
    }
    expect(scene.upstream.calls.length - began).toBeLessThan(8);
    expect(scene.reports.filter((each) => each.startsWith("failing:"))).toHaveLength(1);
    expect(scene.reports).not.toContain("recovered");
  });

  test("watches that end cleanly at once, without an event, are a failure too", async () => {
    begin();
    const body = await scene.watching();
    body.write(bookmark("10"));
    body.end();
    await settle();
    for (let step = 0; step < 100; step++) {
      (await scene.upstream.calls.at(-1)!.stream()).end();
      await pass(100);
    }
    expect(scene.upstream.calls.length).toBeLessThan(10);
  });

  test("a watch that stays open for a second has recovered, although nothing changes", async () => {
    begin();
    const body = await scene.watching();
    body.cut();
    await settle();
    await pass(firstWaitMs);
    await scene.upstream.at("watch 10").stream();
    await pass(1100);
    expect(scene.reports).toEqual(["failing: ECONNRESET", "recovered"]);
  });
});

describe("Reflector.stop", () => {
  test("before an answer: the call ends, and the first attempt is an error", async () => {
    begin();
    scene.reflector.stop();
    expect(await isOver()).toBe(true);
    expect(scene.upstream.calls[0]!.signal.aborted).toBe(true);
    expect(await scene.reflector.firstAttempt).toEqual(new Error("the scope was stopped"));
    expect(await scene.reflector.firstAnswer).toEqual(new Error("the scope was stopped"));
  });

  test.each([
    ["a WatchList", {}, "watch initial events"],
    ["a page", { watchFrom: "10" }, "list limit=500"],
  ])("in the middle of %s: nothing is shown", async (_, options, what) => {
    begin(options);
    await scene.upstream.at(what).stream();
    scene.reflector.stop();
    expect(await isOver()).toBe(true);
    expect(scene.cache.isFilled).toBe(false);
  });

  test("as the last page arrives: a cache that is given up is not filled again", async () => {
    begin({ watchFrom: "10" });
    const call = scene.upstream.at("list limit=500");
    const body = await call.stream(listPage([a3]));
    body.end();
    scene.reflector.stop();
    expect(await isOver()).toBe(true);
    expect(scene.cache.isFilled).toBe(false);
  });

  test("while watching", async () => {
    begin();
    await scene.watching();
    scene.reflector.stop();
    expect(await isOver()).toBe(true);
    expect(scene.upstream.log).toEqual(["watch initial events"]);
    expect(scene.reports).toEqual([]);
  });

  test("while it waits to try again", async () => {
    begin();
    const body = await scene.watching();
    body.cut();
    await settle();
    scene.reflector.stop();
    expect(await isOver()).toBe(true);
    await pass(firstWaitMs);
    expect(scene.upstream.log).toEqual(["watch initial events"]);
  });
});
