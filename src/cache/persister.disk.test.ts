import { describe, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import type { Item } from "../api/item.ts";
import { parseResourceVersion } from "../api/resource-version.ts";
import type { ChangeEvent } from "../api/watch-event.ts";
import { createTemporaryFolder } from "../testing/child-process.ts";
import { configMapScope, objectAt, openSnapshot, restore, summary } from "../testing/disk.ts";
import { configMapForm, plainEvent } from "../testing/objects.ts";
import { History } from "./history.ts";
import { Persister } from "./persister.ts";
import { Store } from "./store.ts";
import { WatchCache } from "./watch-cache.ts";

const version = (number: number) => parseResourceVersion(String(number));
const limits = { maxEvents: 100, maxBytes: 1 << 20, maxAgeMs: 75_000 };

/** The files as they lie there now, as a kill would leave them. */
function copyFolder(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to);
  for (const name of readdirSync(from)) copyFileSync(join(from, name), join(to, name));
}

const apply = (
  cache: WatchCache,
  type: "ADDED" | "MODIFIED" | "DELETED",
  name: string,
  at: number,
) => cache.apply([{ type, item: objectAt(name, at) }], 0);

/** A cache that begins with what is on disk, as a reflector begins it. */
async function restoredCache(folder: string): Promise<WatchCache> {
  const { snapshot, disk } = openSnapshot(folder);
  const answer = await restore(snapshot, configMapScope());
  if (answer.is !== "restored") throw new Error(answer.is);
  const cache = new WatchCache(configMapScope(), limits);
  cache.restore(answer.restored, 0);
  await disk.close();
  return cache;
}

function show(item: Item | undefined): string {
  return item === undefined ? "nothing" : `${item.name}@${item.resourceVersion}`;
}

function tell(changes: readonly ChangeEvent[] | undefined): readonly string[] | undefined {
  return changes?.map(({ type, item, previous }) => `${type} ${show(item)} was ${show(previous)}`);
}

/** What a cache can tell of its past. */
function memoryOf(cache: WatchCache) {
  const versions = Array.from({ length: 25 }, (_, at) => version(at + 1));
  return {
    known: cache.knownPast,
    whole: versions.map((at) => tell(cache.changesAfter(at, "whole scope"))),
    narrower: versions.map((at) => tell(cache.changesAfter(at, "narrower"))),
    states: versions.map((at) => {
      const store = cache.storeAt(at);
      return store && Array.from(store.items(), show);
    }),
  };
}

describe("Persister, on a disk", () => {
  test.each(["at the end", "after each step"])(
    "a cache remembers after a restart what it did before, written %s",
    async (when) => {
      const { dir, remove } = await createTemporaryFolder("edge-proxy-persister-");
      const { snapshot, disk } = openSnapshot(dir);
      const persister = new Persister(snapshot, { flushMs: 60_000, doesNotFit: () => undefined });
      const cache = new WatchCache(configMapScope(), limits);
      persister.keep(cache);
      const steps = [
        () => {
          const store = Store.of([objectAt("a", 9), objectAt("b", 4)]);
          cache.replace(store, version(10), configMapForm, version(5));
        },
        () => apply(cache, "MODIFIED", "a", 7),
        () => apply(cache, "DELETED", "c", 8),
        () => apply(cache, "MODIFIED", "a", 9),
        () => cache.bookmark(version(12), 0),
        () => apply(cache, "DELETED", "a", 13),
        () => apply(cache, "ADDED", "c", 14),
        () => apply(cache, "ADDED", "a", 15),
        () => cache.bookmark(version(20), 0),
      ];
      const written: ReturnType<typeof memoryOf>[] = [];
      const restored: ReturnType<typeof memoryOf>[] = [];
      for (const step of steps) {
        step();
        if (when === "at the end" && step !== steps.at(-1)) continue;
        await persister.flush();
        written.push(memoryOf(cache));
        copyFolder(dir, `${dir}-copy`);
        restored.push(memoryOf(await restoredCache(`${dir}-copy`)));
      }
      expect(restored).toEqual(written);
      await disk.close();
      await remove();
      rmSync(`${dir}-copy`, { recursive: true });
    },
  );

  test("what a WatchCache showed is there after a restart, and goes on", async () => {
    const { dir, remove } = await createTemporaryFolder("edge-proxy-persister-");
    const scope = configMapScope();
    const first = openSnapshot(dir);
    const options = { flushMs: 60_000, doesNotFit: () => undefined };
    const persister = new Persister(first.snapshot, options);
    const cache = new WatchCache(scope, limits);
    persister.keep(cache);
    const store = Store.of([objectAt("a", 3), objectAt("b", 4)]);
    cache.replace(store, version(10), configMapForm, version(10));
    await persister.flush();
    cache.apply([{ type: "MODIFIED", item: objectAt("a", 11) }], 0);
    cache.apply([{ type: "DELETED", item: objectAt("b", 12) }], 0);
    cache.bookmark(version(20), 0);
    await persister.stop();
    await first.disk.close();

    const second = openSnapshot(dir);
    const answer = await restore(second.snapshot, scope);
    if (answer.is !== "restored") throw new Error(answer.is);
    const { restored } = answer;
    expect(summary(restored)).toBe("20: a@11");
    const history = new History(limits, restored.since, restored.statesSince);
    for (const { event, at } of restored.changes) history.append(event, at);
    const expected = cache.changesAfter(version(10), "narrower") ?? [];
    expect(history.after(version(10))?.map(plainEvent)).toEqual(expected.map(plainEvent));
    expect(second.snapshot.isAt(scope, version(20))).toBe(true);
    await second.disk.close();
    await remove();
  });
});
