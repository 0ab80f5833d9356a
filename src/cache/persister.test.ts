import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";

import { parseResourceVersion } from "../api/resource-version.ts";
import { configMapScope, objectAt } from "../testing/disk.ts";
import { configMapForm } from "../testing/objects.ts";
import type { DiskOutcome } from "./disk.ts";
import { Persister } from "./persister.ts";
import type { Snapshot, WriteOutcome } from "./snapshot.ts";
import { Store } from "./store.ts";
import { WatchCache } from "./watch-cache.ts";

const scope = configMapScope();
const version = (number: number) => parseResourceVersion(String(number));
const full = { is: "fault", fault: { kind: "full", reason: "full" } } as const;

/** Writes down what it is told; answers as it is told. */
class FakeSnapshot implements Pick<Snapshot, "write" | "replace" | "release" | "isAt"> {
  readonly told: string[] = [];
  answer: DiskOutcome<WriteOutcome> = { is: "done", value: "written" };
  at: string | undefined;

  async write(writes: Parameters<Snapshot["write"]>[0]): ReturnType<Snapshot["write"]> {
    for (const { state, changes, eventsOf, known } of writes) {
      const to = eventsOf === "before the state" ? `before ${known?.replayedTo}` : "";
      const names = changes.map(({ type, item }) => `${type} ${item.name}`);
      const words = [`write ${state.resourceVersion}`, to, ...names];
      this.told.push(words.filter((word) => word !== "").join(" "));
    }
    const { answer } = this;
    return answer.is === "fault" ? answer : { is: "done", value: writes.map(() => answer.value) };
  }

  async replace(
    _: unknown,
    state: Parameters<Snapshot["replace"]>[1],
    items: Parameters<Snapshot["replace"]>[2],
    past: Parameters<Snapshot["replace"]>[3],
  ): ReturnType<Snapshot["replace"]> {
    const events = [...(past?.told ?? []), ...(past?.changes ?? [])];
    const names = events.map(({ type, item }) => `${type} ${item.name}`);
    this.told.push([`replace ${state.resourceVersion} ${items.length}`, ...names].join(" "));
    const { answer } = this;
    if (answer.is === "fault") return answer;
    return { is: "done", value: answer.value === "not held" ? "written" : answer.value };
  }

  async release(): Promise<void> {
    this.told.push("release");
  }

  isAt(_: unknown, resourceVersion: string): boolean {
    return this.at === resourceVersion;
  }
}

let snapshot: FakeSnapshot;
let persister: Persister;
let cache: WatchCache;
let tooLarge: number;

beforeEach(() => {
  jest.useFakeTimers();
  snapshot = new FakeSnapshot();
  tooLarge = 0;
  persister = new Persister(snapshot, { flushMs: 1000, doesNotFit: () => tooLarge++ });
  cache = new WatchCache(scope, { maxEvents: 100, maxBytes: 1 << 20, maxAgeMs: 75_000 });
  persister.keep(cache);
});
afterEach(() => jest.useRealTimers());

function fill(at: number, ...names: readonly string[]): void {
  const store = Store.of(names.map((name) => objectAt(name, 1)));
  cache.replace(store, version(at), configMapForm, version(at));
}

function change(name: string, at: number): void {
  cache.apply([{ type: "MODIFIED", item: objectAt(name, at) }], 0);
}

async function pass(milliseconds: number): Promise<readonly string[]> {
  jest.advanceTimersByTime(milliseconds);
  for (let round = 0; round < 20; round++) await Promise.resolve();
  return snapshot.told.splice(0);
}

describe("Persister", () => {
  test("writes a filled scope whole, then what changed, each at most a second later", async () => {
    fill(10, "a", "b");
    expect(await pass(999)).toEqual([]);
    expect(await pass(1)).toEqual(["replace 10 2"]);
    change("a", 11);
    change("c", 12);
    cache.bookmark(version(20), 0);
    expect(await pass(1000)).toEqual(["write 20 MODIFIED a ADDED c"]);
    cache.bookmark(version(30), 0);
    expect(await pass(1000)).toEqual(["write 30"]);
    expect(await pass(5000)).toEqual([]);
  });

  test("a replacement needs no changes from before it", async () => {
    fill(10, "a");
    change("a", 11);
    fill(20, "a", "b");
    change("b", 21);
    expect(await pass(1000)).toEqual(["replace 21 2 MODIFIED b"]);
  });

  test("what happened between the fill and the first write is written with it", async () => {
    fill(10, "a", "b");
    change("a", 11);
    change("c", 12);
    cache.apply([{ type: "DELETED", item: objectAt("b", 13) }], 0);
    expect(await pass(1000)).toEqual(["replace 13 2 MODIFIED a ADDED c DELETED b"]);
  });

  test("a scope that was filled from the disk is in step", async () => {
    snapshot.at = "10";
    const restored = new WatchCache(scope, { maxEvents: 9, maxBytes: 9, maxAgeMs: 9 });
    restored.replace(Store.of([objectAt("a", 1)]), version(10), configMapForm, version(10));
    persister.keep(restored);
    expect(await pass(1000)).toEqual([]);
    restored.apply([{ type: "MODIFIED", item: objectAt("a", 11) }], 0);
    expect(await pass(1000)).toEqual(["write 11 MODIFIED a"]);
  });

  test("a scope that the disk does not hold is written whole", async () => {
    fill(10, "a");
    await pass(1000);
    change("a", 11);
    snapshot.answer = { is: "done", value: "not held" };
    const whole = "replace 11 1 MODIFIED a";
    expect(await pass(1000)).toEqual(["write 11 MODIFIED a", whole]);
  });

  test("while the disk fails nothing is remembered; it is tried again ever later, and then whole", async () => {
    snapshot.answer = full;
    fill(10, "a");
    expect(await pass(1000)).toEqual(["replace 10 1"]);
    change("a", 11);
    expect(await pass(1900)).toEqual([]);
    expect(await pass(100)).toEqual(["replace 11 1 MODIFIED a"]);
    expect(await pass(3900)).toEqual([]);
    snapshot.answer = { is: "done", value: "written" };
    expect(await pass(100)).toEqual(["replace 11 1 MODIFIED a"]);
    change("a", 12);
    expect(await pass(1000)).toEqual(["write 12 MODIFIED a"]);
  });

  test("of changes that wait for a slow disk no more are remembered than the scope has", async () => {
    fill(10, "a");
    await pass(1000);
    const large = { ...objectAt("a", 11), bytes: new Uint8Array(1 << 20) };
    for (let at = 11; at < 31; at++)
      cache.apply([{ type: "MODIFIED", item: { ...large, resourceVersion: version(at) } }], 0);
    change("b", 31);
    const whole = (await pass(1000)).map((line) => line.split(" ").slice(0, 3).join(" "));
    expect(whole).toEqual(["replace 31 1"]);
    change("b", 32);
    expect(await pass(1000)).toEqual(["write 32 MODIFIED b"]);
  });

  test("a damaged file has been begun anew: it is filled at once", async () => {
    fill(10, "a");
    await pass(1000);
    const fault = { kind: "damaged", reason: "", setAside: "" } as const;
    snapshot.answer = { is: "fault", fault };
    change("a", 11);
    // The same flush tries it whole, and the next one again.
    await pass(1000);
    snapshot.answer = { is: "done", value: "written" };
    expect(await pass(1000)).toEqual(["replace 11 1 MODIFIED a"]);
  });

  test("a scope that does not fit is said once, and tried again when it is filled anew", async () => {
    snapshot.answer = { is: "done", value: "does not fit" };
    fill(10, "a");
    await pass(1000);
    change("a", 11);
    expect(await pass(60_000)).toEqual([]);
    fill(20, "a");
    expect(await pass(1000)).toEqual(["replace 20 1"]);
    expect(tooLarge).toBe(1);
  });

  test("a scope that stops is written to its end, and left on the disk", async () => {
    fill(10, "a");
    await pass(1000);
    change("a", 11);
    cache.drop(undefined);
    expect(await pass(0)).toEqual(["write 11 MODIFIED a", "release"]);
  });

  test("what is lacking at the end is written", async () => {
    fill(10, "a");
    await persister.stop();
    expect(snapshot.told).toEqual(["replace 10 1"]);
  });

  test("what a watch tells of the time before the state is written as that", async () => {
    const store = Store.of([objectAt("a", 15)]);
    cache.replace(store, version(20), configMapForm, version(10));
    change("a", 12);
    expect(await pass(1000)).toEqual(["replace 20 1 MODIFIED a"]);
    change("b", 13);
    change("a", 15);
    expect(await pass(1000)).toEqual(["write 20 before 15 MODIFIED b MODIFIED a", "write 20"]);
    change("a", 16);
    change("a", 21);
    expect(await pass(1000)).toEqual(["write 20 before 16 MODIFIED a", "write 21 MODIFIED a"]);
  });
});
