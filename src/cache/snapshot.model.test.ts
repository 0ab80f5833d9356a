import { describe, expect, test } from "bun:test";

import type { Item } from "../api/item.ts";
import type { ChangeEvent } from "../api/watch-event.ts";
import { createTemporaryFolder } from "../testing/child-process.ts";
import { configMapScope, openSnapshot, restore, stateAt } from "../testing/disk.ts";
import { configMap, plain, plainEvent } from "../testing/objects.ts";
import { randomFrom } from "../testing/random.ts";

const scope = configMapScope();

/** A random change of one of a hundred objects, and what it does to the model. */
function change(model: Map<string, Item>, version: number, random: (below: number) => number) {
  const name = `n${random(100)}`;
  const previous = model.get(name);
  const uid = "u".repeat(random(2000));
  const item = configMap({ name, resourceVersion: String(version), uid });
  if (previous !== undefined && random(3) === 0) {
    model.delete(name);
    return { type: "DELETED", item, previous } as const;
  }
  model.set(name, item);
  return previous === undefined
    ? ({ type: "ADDED", item, previous } as const)
    : ({ type: "MODIFIED", item, previous } as const);
}

describe("Snapshot, against a model", () => {
  test.each([1, 2, 3])(
    "states and history over restarts are what was written (seed %d)",
    async (seed) => {
      const { dir, remove } = await createTemporaryFolder("edge-proxy-model-");
      const random = randomFrom(seed);
      const model = new Map<string, Item>();
      let past: { readonly event: ChangeEvent; readonly at: number }[] = [];
      let now = 1e12;
      let version = 10;
      let open = openSnapshot(dir, 64 << 20, () => now);
      await open.snapshot.replace(scope, stateAt(version), []);
      for (let round = 0; round < 400; round++) {
        now += 1000 + random(2000);
        const changes = Array.from({ length: 1 + random(20) }, () =>
          change(model, ++version, random),
        );
        past.push(...changes.map((event) => ({ event, at: now })));
        await open.snapshot.write([{ scope, state: stateAt(version), changes }]);
        if (random(150) === 0) {
          await open.snapshot.replace(scope, stateAt(version), [...model.values()]);
          past = [];
        }
        if (random(40) > 0) continue;
        await open.disk.close();
        open = openSnapshot(dir, 64 << 20, () => now);
        const answer = await restore(open.snapshot, scope);
        if (answer.is !== "restored") throw new Error(JSON.stringify(answer));
        const { store, changes: logged, since, statesSince } = answer.restored;
        const held = new Map([...store.items()].map((item) => [item.name, plain(item)]));
        expect(held).toEqual(new Map([...model].map(([name, item]) => [name, plain(item)])));
        const expected = past.filter(
          ({ event }) => Number(event.item.resourceVersion) > Number(since),
        );
        expect(logged.map(({ at }) => at)).toEqual(expected.map(({ at }) => at));
        for (const [index, { event }] of logged.entries()) {
          const wrote = expected[index]?.event;
          if (wrote === undefined) throw new Error("a change that was none");
          expect(event.type).toBe(wrote.type);
          expect(plain(event.item)).toEqual(plain(wrote.item));
          if (Number(event.item.resourceVersion) > Number(statesSince))
            expect(plainEvent(event)).toEqual(plainEvent(wrote));
        }
        // What happened in the last 75 s can be told again, whatever was tidied up.
        const recent = past.find(({ at }) => at > now - 70_000);
        if (recent !== undefined)
          expect(Number(recent.event.item.resourceVersion)).toBeGreaterThan(Number(statesSince));
      }
      await open.disk.close();
      await remove();
    },
  );
});
