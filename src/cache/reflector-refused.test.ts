import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";

import { everyField } from "../api/field-selector.ts";
import { everything } from "../api/label-selector.ts";
import { jsonCodec } from "../testing/objects.ts";
import { a3, pass } from "../testing/reflector-scene.ts";
import { bookmark, event, ScriptedUpstream, settle } from "../testing/scripted-upstream.ts";
import type { Scope } from "./watch-cache.ts";
import { WatchCaches } from "./watch-caches.ts";

let upstream: ScriptedUpstream;
let caches: WatchCaches;
let told: string[];

const scope: Scope = {
  gvr: { group: "example.com", version: "v1", resource: "widgets" },
  codec: jsonCodec,
  namespace: "",
  labelSelector: everything,
  fieldSelector: everyField,
};

beforeEach(() => {
  jest.useFakeTimers({ now: 1_800_000_000_000 });
  told = [];
  upstream = new ScriptedUpstream();
  caches = new WatchCaches(upstream, {
    scopeWindowMs: 30_000,
    scopeIdleMs: 300_000,
    memoryLimitBytes: 64 << 20,
    healthIntervalMs: 10_000,
    now: () => Date.now(),
    report: (_, outcome) => void told.push(outcome),
  });
});

afterEach(() => {
  caches.stop();
  jest.useRealTimers();
});

describe("a scope whose type upstream refuses", () => {
  test.each([[401], [403], [404], [405]])("with %d is gone at once, for 30 s", async (code) => {
    const live = caches.start(scope);
    await upstream.at("watch initial events").refuse(code);
    expect(caches.find(scope)).toBeUndefined();
    expect(await live.reflector.firstAttempt).toBeInstanceOf(Error);
    expect(caches.mayStart(scope)).toBe(false);
    await pass(30_000);
    expect(caches.mayStart(scope)).toBe(true);
    expect(upstream.log).toEqual(["watch initial events"]);
  });

  test("that goes away while it is watched: its watchers end cleanly, its memory is given back", async () => {
    const live = caches.start(scope);
    const first = upstream.at("watch initial events");
    const body = await first.stream(event("ADDED", a3), bookmark("10", "end"));
    live.cache.subscribe({
      deliver: () => {},
      crossed: () => {},
      end: (status) => told.push(status?.reason ?? "end"),
    });
    body.end();
    await settle();
    await upstream.at("watch 10").refuse(404);
    expect(told).toEqual(["failing", "end"]);
    expect(caches.find(scope)).toBeUndefined();
    expect(caches.byteLength).toBe(0);
    await pass(60_000);
    expect(upstream.log).toEqual(["watch initial events", "watch 10"]);
  });

  test("with 500 goes when it never had a state, and stays when it has one", async () => {
    caches.start(scope);
    await upstream.at("watch initial events").refuse(500);
    // The first attempt of a scope decides: its request has gone upstream, the next one may start it again.
    expect(caches.find(scope)).toBeUndefined();
    const body = caches.start(scope);
    const call = upstream.at("watch initial events");
    (await call.stream(event("ADDED", a3), bookmark("10", "end"))).end();
    await settle();
    await upstream.at("watch 10").refuse(500);
    expect(caches.find(scope)).toBe(body);
    await pass(600);
    expect(upstream.log.filter((each) => each === "watch 10")).toHaveLength(2);
  });
});
