import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";

import { parseResourceVersion } from "../api/resource-version.ts";
import { pass, Scene } from "../testing/reflector-scene.ts";
import { bookmark, event, type ScriptedBody, settle } from "../testing/scripted-upstream.ts";

const version = parseResourceVersion;
const b11 = { name: "b", resourceVersion: "11" };

describe("catchUp", () => {
  let scene: Scene;
  let main: ScriptedBody;

  beforeEach(async () => {
    scene = new Scene();
    main = await scene.watching();
  });

  afterEach(() => scene.stop());

  test("a scope that has what upstream has is up to date without a watch", async () => {
    expect(await scene.reflector.catchUp(async () => version("10"))).toBe("up to date");
    expect(scene.upstream.log).toEqual(["watch initial events"]);
  });

  test("a second watch brings what is lacking, and is given up as soon as it has", async () => {
    const standing = scene.reflector.catchUp(async () => version("12"));
    await settle();
    const call = scene.upstream.at("watch 10");
    await call.stream(event("ADDED", b11), bookmark("12"));
    expect(await standing).toBe("up to date");
    expect(call.signal.aborted).toBe(true);
    expect(scene.state().slice(1)).toEqual(["12", "a@3", "b@11"]);
    main.write(event("ADDED", b11));
    await settle();
    expect(scene.told).toEqual(["ADDED b@11"]);
  });

  test("the scope's own watch may be faster", async () => {
    const standing = scene.reflector.catchUp(async () => version("11"));
    await settle();
    const call = scene.upstream.at("watch 10");
    main.write(event("ADDED", b11));
    expect(await standing).toBe("up to date");
    expect(call.signal.aborted).toBe(true);
  });

  test("a watch that brings no bookmark is followed by another one, after another LIST", async () => {
    const lists = ["12", "13"];
    const standing = scene.reflector.catchUp(async () => version(lists.shift() ?? ""));
    await settle();
    (await scene.upstream.at("watch 10").stream()).end();
    await settle();
    expect(scene.upstream.calls).toHaveLength(3);
    await scene.upstream.at("watch 10").stream(bookmark("13"));
    expect(await standing).toBe("up to date");
  });

  test("after a watch in vain the next one waits until upstream has moved, since the first would repeat itself", async () => {
    jest.useFakeTimers();
    let latest = "12";
    const standing = scene.reflector.catchUp(async () => version(latest));
    await settle();
    (await scene.upstream.at("watch 10").stream()).end();
    await pass(3000);
    expect(scene.upstream.calls).toHaveLength(2);
    latest = "13";
    await pass(1000);
    expect(scene.upstream.calls).toHaveLength(3);
    await scene.upstream.at("watch 10").stream(bookmark("13"));
    expect(await standing).toBe("up to date");
    jest.useRealTimers();
  });

  test("what no watch shows is listed anew, and who watches is told the difference", async () => {
    const lists = ["12", "13", "13"];
    const standing = scene.reflector.catchUp(async () => version(lists.shift() ?? ""));
    for (let count = 0; count < 2; count++) {
      await settle();
      (await scene.upstream.at("watch 10").stream()).end();
    }
    expect(await standing).toBe("not shown");
    await settle();
    await scene.upstream
      .at("watch initial events")
      .stream(event("ADDED", b11), bookmark("13", "end"));
    expect(scene.told).toEqual(["lost 10 to 13", "ADDED b@11", "DELETED a@12"]);
    expect([scene.state(), scene.reflector.isConfirmed]).toEqual([
      ["Watching", "13", "b@11"],
      true,
    ]);
  });

  test("where upstream does not move at all it is listed anew after its leases should have been renewed", async () => {
    jest.useFakeTimers();
    const standing = scene.reflector.catchUp(async () => version("12"));
    await settle();
    (await scene.upstream.at("watch 10").stream()).end();
    await pass(12_000);
    expect(await standing).toBe("not shown");
    expect(scene.upstream.at("watch initial events").signal.aborted).toBe(false);
    jest.useRealTimers();
  });

  test("a LIST that the scope overtakes while it is under way is no other history", async () => {
    const list = Promise.withResolvers<ReturnType<typeof version>>();
    const standing = scene.reflector.catchUp(() => list.promise);
    main.write(event("ADDED", b11));
    await settle();
    list.resolve(version("10"));
    expect(await standing).toBe("up to date");
    expect(scene.told).toEqual(["ADDED b@11"]);
  });

  test("a LIST below what the scope had is another history: it is filled anew, and its watchers get a 410", async () => {
    expect(await scene.reflector.catchUp(async () => version("7"))).toBe("another history");
    await settle();
    expect(scene.told).toEqual(["410"]);
    expect(scene.upstream.at("watch initial events").signal.aborted).toBe(false);
  });

  test("another history is found once, though the LIST that finds it again was asked for before the new state", async () => {
    const list = Promise.withResolvers<ReturnType<typeof version>>();
    void scene.reflector.catchUp(() => list.promise);
    list.resolve(version("7"));
    await settle();
    const again = Promise.withResolvers<ReturnType<typeof version>>();
    const standing = scene.reflector.catchUp(() => again.promise);
    await scene.upstream.at("watch initial events").stream(bookmark("7", "end"));
    again.resolve(version("7"));
    expect(await standing).toBe("behind");
    expect([scene.reports.length, scene.state()]).toEqual([1, ["Watching", "7"]]);
  });
});
