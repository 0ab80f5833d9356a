import { describe, expect, test } from "bun:test";

import { parseResourceVersion } from "../api/resource-version.ts";
import { createTemporaryFolder } from "../testing/child-process.ts";
import { configMapScope, objectAt, openSnapshot, restore, summary } from "../testing/disk.ts";
import { configMapForm, plainEvent } from "../testing/objects.ts";
import { History } from "./history.ts";
import { Persister } from "./persister.ts";
import { Store } from "./store.ts";
import { WatchCache } from "./watch-cache.ts";

const version = (number: number) => parseResourceVersion(String(number));
const limits = { maxEvents: 100, maxBytes: 1 << 20, maxAgeMs: 75_000 };

describe("Persister, on a disk", () => {
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
