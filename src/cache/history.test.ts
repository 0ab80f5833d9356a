import { describe, expect, test } from "bun:test";

import { parseResourceVersion } from "../api/resource-version.ts";
import type { ChangeEvent } from "../api/watch-event.ts";
import { configMap } from "../testing/objects.ts";
import { History } from "./history.ts";

const limits = { maxEvents: 3, maxBytes: 1 << 20, maxAgeMs: 75_000 };
const version = (number: number) => parseResourceVersion(String(number));

function added(number: number): ChangeEvent {
  const item = configMap({ name: `o${number}`, resourceVersion: String(number) });
  return { type: "ADDED", item, previous: undefined };
}

function versionsAfter(history: History, number: number): readonly string[] | undefined {
  return history.after(version(number))?.map(({ item }) => item.resourceVersion);
}

describe("History", () => {
  test("gives all changes after a version, and none at or before it", () => {
    const history = new History(limits, version(10));
    for (const number of [12, 15, 19]) history.append(added(number), 0);
    expect(versionsAfter(history, 10)).toEqual(["12", "15", "19"]);
    expect(versionsAfter(history, 14)).toEqual(["15", "19"]);
    expect(versionsAfter(history, 19)).toEqual([]);
    expect(versionsAfter(history, 9)).toBeUndefined();
  });

  test("forgets the oldest beyond its events", () => {
    const history = new History(limits, version(10));
    for (const number of [11, 12, 13, 14]) history.append(added(number), 0);
    expect(history.since).toBe(version(11));
    expect(versionsAfter(history, 10)).toBeUndefined();
    expect(versionsAfter(history, 11)).toEqual(["12", "13", "14"]);
  });

  test("forgets what is older than its time", () => {
    const history = new History(limits, version(10));
    history.append(added(11), 0);
    history.append(added(12), 70_000);
    history.prune(80_000);
    expect(history.since).toBe(version(11));
  });

  test("stays within its bytes however many changes come", () => {
    const history = new History({ ...limits, maxEvents: 1e6, maxBytes: 10_000 }, version(10));
    for (let number = 11; number < 500; number++) history.append(added(number), 0);
    expect(history.byteLength).toBeLessThanOrEqual(10_000);
    expect(versionsAfter(history, 498)).toEqual(["499"]);
  });

  test("knows the states later than the changes where it began before them", () => {
    const history = new History(limits, version(10), version(20));
    expect([history.since, history.statesSince]).toEqual([version(10), version(20)]);
    for (const number of [21, 22, 23, 24]) history.append(added(number), 0);
    expect([history.since, history.statesSince]).toEqual([version(21), version(21)]);
  });
});
