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

const deleted = (name: string, resourceVersion: string) =>
  event("DELETED", { name, resourceVersion });

beforeEach(() => {
  jest.useFakeTimers({ now: 1_800_000_000_000 });
});

afterEach(async () => {
  await scene.stop();
  jest.useRealTimers();
});

describe("Reflector, watching", () => {
  test("after a clean end it goes on from the last event", async () => {
    begin();
    const body = await scene.watching();
    body.write(event("MODIFIED", { name: "a", resourceVersion: "11" }));
    body.end();
    await settle();
    await scene.upstream
      .at("watch 11")
      .stream(event("DELETED", { name: "a", resourceVersion: "12" }));
    expect(scene.told).toEqual(["MODIFIED a@11", "DELETED a@12"]);
    expect(scene.reports).toEqual([]);
  });

  test("a bookmark moves the resourceVersion, and the watch goes on from it", async () => {
    begin();
    const body = await scene.watching();
    body.write(event("MODIFIED", { name: "a", resourceVersion: "11" }), bookmark("40"));
    await settle();
    expect(scene.cache.resourceVersion).toBe(parseResourceVersion("40"));
    body.end();
    await settle();
    expect(scene.upstream.at("watch 40").what).toBeString();
  });

  test("a bookmark that is older than what has come moves nothing back", async () => {
    begin();
    const body = await scene.watching();
    body.write(event("MODIFIED", { name: "a", resourceVersion: "30" }), bookmark("20"));
    body.end();
    await settle();
    expect(scene.upstream.at("watch 30").what).toBeString();
  });

  test("after a cut it goes on from the last event, after a wait, and keeps its watchers", async () => {
    begin();
    const body = await scene.watching();
    body.write(event("MODIFIED", { name: "a", resourceVersion: "11" }));
    await settle();
    body.cut();
    await settle();
    expect(scene.state()).toEqual(["Listed", parseResourceVersion("11"), "a@11"]);
    expect(scene.reflector.state).toMatchObject({ resourceVersion: "11" });
    await pass(firstWaitMs);
    await scene.upstream.at("watch 11").stream(bookmark("11"));
    expect(scene.reports).toEqual(["failing: ECONNRESET", "recovered"]);
    expect(scene.told).toEqual(["MODIFIED a@11"]);
  });

  test("what was cut in the middle of an event is told by the next watch", async () => {
    begin();
    const body = await scene.watching();
    body.write(event("MODIFIED", { name: "a", resourceVersion: "11" }).slice(0, 40));
    body.end();
    await settle();
    await pass(firstWaitMs);
    await scene.upstream
      .at("watch 10")
      .stream(event("MODIFIED", { name: "a", resourceVersion: "11" }));
    expect(scene.told).toEqual(["MODIFIED a@11"]);
  });

  test.each([
    ["an ERROR event", async (body: ScriptedBody) => body.write(errorEvent(410))],
    [
      "the head of the next watch",
      async (body: ScriptedBody) => {
        body.write(bookmark("10"));
        body.end();
        await settle();
        await scene.upstream.at("watch 10").refuse(410);
      },
    ],
  ])(
    "410 as %s: the old state stays until the new one is whole, and its watchers are told the difference",
    async (_, lose) => {
      begin();
      const body = await scene.watching();
      await lose(body);
      await settle();
      expect(scene.told).toEqual([]);
      expect(scene.state()).toEqual(["Empty", parseResourceVersion("10"), "a@3"]);
      await pass(firstWaitMs);
      const b40 = { name: "b", resourceVersion: "40" };
      await scene.upstream
        .at("watch initial events")
        .stream(event("ADDED", b40), bookmark("50", "end"));
      expect(scene.state()).toEqual(["Watching", parseResourceVersion("50"), "b@40"]);
      expect(scene.told).toEqual(["lost 10 to 50", "DELETED a@11", "ADDED b@40"]);
    },
  );

  test("410, and the new state is of another history: its watchers get a 410", async () => {
    begin();
    const body = await scene.watching();
    body.write(errorEvent(410));
    await settle();
    await pass(firstWaitMs);
    await scene.upstream
      .at("watch initial events")
      .stream(event("ADDED", b4), bookmark("50", "end"));
    expect(scene.state()).toEqual(["Watching", parseResourceVersion("50"), "b@4"]);
    expect(scene.told).toEqual(["410"]);
  });

  test.each([[500], [429], [504]])(
    "ERROR %d: it is watched again, nothing is lost",
    async (code) => {
      begin();
      const body = await scene.watching();
      body.write(errorEvent(code));
      await settle();
      await pass(firstWaitMs);
      await scene.upstream
        .at("watch 10")
        .stream(event("MODIFIED", { name: "a", resourceVersion: "11" }));
      expect(scene.told).toEqual(["MODIFIED a@11"]);
      expect(scene.reports).toEqual([`failing: error ${code}`, "recovered"]);
    },
  );

  test("what is no watch event is a failure, not a change", async () => {
    begin();
    const body = await scene.watching();
    body.text('{"type":"ADDED","object":{"kind":"ConfigMap","apiVersion":"v1","metadata":{}}}\n');
    await settle();
    expect(scene.state().slice(2)).toEqual(["a@3"]);
    await pass(firstWaitMs);
    expect(scene.upstream.at("watch 10").what).toBeString();
  });

  test("a silent link is probed; alive it is kept, dead it is watched anew", async () => {
    begin();
    await scene.watching();
    await pass(3 * silenceMs);
    expect(scene.upstream.probes).toBeGreaterThanOrEqual(3);
    expect(scene.reflector.silentMs).toBeLessThanOrEqual(silenceMs);
    expect(scene.upstream.log).toEqual(["watch initial events"]);
    scene.upstream.link = "dead";
    await pass(silenceMs);
    expect(scene.upstream.log).toEqual(["watch initial events", "watch 10"]);
    expect(scene.told).toEqual([]);
  });

  test("where no probe speaks for its connection a silent watch is not trusted: watched anew when it is read, or silent for long", async () => {
    begin();
    await scene.watching();
    scene.upstream.link = "alive elsewhere";
    await pass(2 * silenceMs);
    expect(scene.reflector.silentMs).toBeGreaterThan(silenceMs);
    expect(scene.upstream.log).toEqual(["watch initial events"]);
    scene.reflector.want(Date.now());
    await settle();
    await scene.upstream.at("watch 10").stream();
    expect(scene.reflector.silentMs).toBe(0);
    scene.reflector.want(Date.now());
    await pass(2 * silenceMs);
    expect(scene.upstream.calls).toHaveLength(2);
    await pass(silenceMs + silenceMs / 2);
    expect(scene.upstream.calls).toHaveLength(3);
    expect(scene.reports).toEqual([]);
  });

  test("a probe that answers late does not end the watch that came after", async () => {
    begin();
    const body = await scene.watching();
    const late = Promise.withResolvers<"dead">();
    scene.upstream.probe = () => late.promise;
    await pass(silenceMs);
    body.write(bookmark("11"));
    body.end();
    await settle();
    await scene.upstream.at("watch 11").stream(bookmark("12"));
    late.resolve("dead");
    await settle();
    expect(scene.upstream.log).toEqual(["watch initial events", "watch 11"]);
  });
});

describe("Reflector, from before the state", () => {
  test("a client's resourceVersion is where the watch begins; what lies before the state is told, not stored", async () => {
    begin({ watchFrom: "5" });
    (await scene.upstream.at("list limit=500").stream(listPage([a3]))).end();
    await settle();
    scene.subscribe();
    await scene.upstream
      .at("watch 5")
      .stream(event("MODIFIED", { name: "a", resourceVersion: "7" }));
    expect(scene.told).toEqual(["MODIFIED a@7"]);
    expect(scene.state()).toEqual(["Watching", parseResourceVersion("10"), "a@3"]);
  });

  test("a 410 there loses the replay only: the watch goes on from the state at once", async () => {
    begin({ watchFrom: "5" });
    (await scene.upstream.at("list limit=500").stream(listPage([a3]))).end();
    await settle();
    scene.subscribe();
    await scene.upstream.at("watch 5").stream(errorEvent(410));
    expect(scene.told).toEqual(["410"]);
    expect(scene.upstream.log).toEqual(["list limit=500", "watch 5", "watch 10"]);
    expect(scene.reports).toEqual([]);
  });

  test("a version from the future is no place to begin", async () => {
    begin({ watchFrom: "99" });
    await scene.listed();
    expect(scene.upstream.log).toEqual(["list limit=500", "watch 10"]);
  });
});

describe("Reflector, of events", () => {
  test("DELETED of one resourceVersion are one change, ended by silence; a cut resumes one lower", async () => {
    begin({ watchFrom: "10", resource: "events" });
    (await scene.upstream.at("list limit=500").stream(listPage([a3, b4]))).end();
    await settle();
    const body = await scene.upstream.at("watch 9").stream(deleted("a", "11"), deleted("b", "11"));
    expect(scene.state().slice(2)).toEqual(["a@3", "b@4"]);
    await pass(100);
    expect(scene.state()).toEqual(["Watching", parseResourceVersion("11")]);
    body.end();
    await settle();
    expect(scene.upstream.at("watch 10").what).toBeString();
  });

  test("a 410 while some are held loses the history, not only a replay", async () => {
    begin({ watchFrom: "10", resource: "events" });
    const body = await scene.listed("9");
    body.write(deleted("a", "11"), errorEvent(410));
    await settle();
    expect(scene.told).toEqual(["DELETED a@11"]);
    expect(scene.reflector.state.phase).toBe("Empty");
  });
});
