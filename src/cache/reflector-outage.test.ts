import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";

import { pass, Scene } from "../testing/reflector-scene.ts";
import { event, settle } from "../testing/scripted-upstream.ts";

let scene: Scene;

beforeEach(() => {
  jest.useFakeTimers({ now: 1_800_000_000_000 });
  scene = new Scene();
});

afterEach(async () => {
  await scene.stop();
  jest.useRealTimers();
});

describe("Reflector, while nothing is reachable", () => {
  test("ends its watch at once, tries nothing, and goes on where it was within a second", async () => {
    const body = await scene.watching();
    body.write(event("MODIFIED", { name: "a", resourceVersion: "11" }));
    await settle();
    scene.upstream.down();
    await settle();
    await scene.upstream.at("watch 11").fail("unreachable");
    await pass(300_000);
    expect(scene.upstream.log).toEqual(["watch initial events", "watch 11"]);
    scene.upstream.up();
    await pass(1100);
    await scene.upstream
      .at("watch 11")
      .stream(event("MODIFIED", { name: "a", resourceVersion: "12" }));
    expect(scene.upstream.log.length).toBe(3);
    expect(scene.told).toEqual(["MODIFIED a@11", "MODIFIED a@12"]);
    expect(scene.reports).toEqual(["failing: unreachable", "recovered"]);
  });

  test("grows silent all the while", async () => {
    await scene.watching();
    scene.upstream.down();
    await settle();
    await scene.upstream.at("watch 10").fail();
    await pass(60_000);
    expect(scene.reflector.silentMs).toBeGreaterThanOrEqual(60_000);
  });

  test("stops when it is told to", async () => {
    scene.upstream.down();
    await scene.upstream.at("watch initial events").fail();
    scene.reflector.stop();
    await scene.ended;
    expect(scene.upstream.log.length).toBe(1);
  });

  test("every chunk of a watch is a sign of life for all", async () => {
    const body = await scene.watching();
    const { bytes } = scene.upstream;
    body.write(event("MODIFIED", { name: "a", resourceVersion: "11" }));
    await settle();
    expect(scene.upstream.bytes).toBe(bytes + 1);
  });
});
