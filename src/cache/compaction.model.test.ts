import { describe, expect, test } from "bun:test";

import type { Item } from "../api/item.ts";
import { parseResourceVersion } from "../api/resource-version.ts";
import type { ChangeEvent } from "../api/watch-event.ts";
import { createTemporaryFolder } from "../testing/child-process.ts";
import { configMapScope, openSnapshot, restore, stateAt } from "../testing/disk.ts";
import { configMap, plain } from "../testing/objects.ts";
import { randomFrom } from "../testing/random.ts";
import type { Disk } from "./disk.ts";
import type { KnownPast } from "./watch-cache.ts";

const scope = configMapScope();
/** Where the watch began, and the state that it then leads to. */
const watchFrom = 10;
const firstState = 1000;
const rounds = 700;
/** What the disk keeps for watches that resume, less than a round. */
const keptMs = 72_000;
const roundMs = 1000;
/** 128 small ones that are older; the younger ones, and those of which an object was overtaken since, stay as they are. */
const maxSegments = 300;

const version = (number: number) => parseResourceVersion(String(number));

interface Told {
  readonly event: ChangeEvent;
  readonly at: number;
}

/** A watch that began before the state: it tells what was before that, then what comes after it, and what is so at any time. */
class Model {
  readonly objects = new Map<string, Item>();
  readonly told: Told[] = [];
  readonly #random: (below: number) => number;
  at = watchFrom;

  constructor(random: (below: number) => number) {
    this.#random = random;
    for (let index = 0; index < 50; index++) this.#put(`n${index}`, 1 + random(firstState));
  }

  get isBefore(): boolean {
    return this.at < firstState;
  }

  get known(): KnownPast {
    const replayedTo = version(Math.max(this.at, this.isBefore ? watchFrom : firstState));
    return { since: version(watchFrom), statesSince: version(firstState), replayedTo };
  }

  /** The next events, all before the state or all after it. */
  next(now: number): readonly ChangeEvent[] {
    const most = this.isBefore ? firstState - this.at : 4;
    const events = Array.from({ length: Math.min(most, 1 + this.#random(4)) }, () => this.#event());
    this.told.push(...events.map((event) => ({ event, at: now })));
    return events;
  }

  #event(): ChangeEvent {
    const name = `n${this.#random(100)}`;
    const { isBefore } = this;
    const previous = this.objects.get(name);
    const item = this.#item(name, ++this.at);
    // Of the time before the state it is not known what was there.
    if (isBefore) return { type: "MODIFIED", item, previous: item };
    this.objects.set(name, item);
    return previous === undefined
      ? { type: "ADDED", item, previous }
      : { type: "MODIFIED", item, previous };
  }

  #put(name: string, at: number): void {
    this.objects.set(name, this.#item(name, at));
  }

  #item(name: string, at: number): Item {
    return configMap({ name, resourceVersion: String(at), uid: "u".repeat(this.#random(500)) });
  }
}

async function segments(disk: Disk): Promise<number> {
  const sql = "SELECT count(*) AS count FROM segment";
  const outcome = await disk.exclusive(async (db) => db.get<{ count: number }>(sql)?.count);
  return outcome.is === "done" ? (outcome.value ?? 0) : 0;
}

describe("compact, against a model", () => {
  test.each([1, 2, 3])(
    "keeps what was told of the time before the state as long as all else, changes no object by it, and few segments stay (seed %d)",
    async (seed) => {
      const { dir, remove } = await createTemporaryFolder("edge-proxy-compaction-");
      const random = randomFrom(seed);
      const model = new Model(random);
      let now = 1e12;
      let open = openSnapshot(dir, 64 << 20, () => now);
      const past = { ...model.known, told: [], changes: [] };
      await open.snapshot.replace(scope, stateAt(firstState), [...model.objects.values()], past);
      const sinces = new Set<string>();
      let most = 0;
      for (let round = 0; round < rounds; round++) {
        now += roundMs;
        const eventsOf = model.isBefore ? "before the state" : "the state";
        const changes = model.next(now);
        const state = stateAt(Math.max(firstState, model.at));
        await open.snapshot.write([{ scope, state, changes, eventsOf, known: model.known }]);
        most = Math.max(most, await segments(open.disk));
        if (random(20) > 0) continue;
        await open.disk.close();
        open = openSnapshot(dir, 64 << 20, () => now);
        const answer = await restore(open.snapshot, scope);
        if (answer.is !== "restored") throw new Error(JSON.stringify(answer));
        const { store, changes: logged, since, replayedTo } = answer.restored;
        sinces.add(model.isBefore ? since : "after");
        const held = new Map([...store.items()].map((item) => [item.name, plain(item)]));
        expect(held).toEqual(new Map([...model.objects].map(([name, it]) => [name, plain(it)])));
        const isKept = ({ event }: Told) => Number(event.item.resourceVersion) > Number(since);
        const show = ({ event, at }: Told) => [at, event.type, plain(event.item)];
        expect(logged.map(show)).toEqual(model.told.filter(isKept).map(show));
        expect(model.told.filter(({ at }) => at > now - keptMs).every(isKept)).toBe(true);
        expect(replayedTo).toBe(model.known.replayedTo);
      }
      // Some of the time before the state was given up before the state was reached, and then all of it.
      expect(most).toBeLessThan(maxSegments);
      expect(sinces.size).toBeGreaterThan(2);
      expect(model.isBefore).toBe(false);
      await open.disk.close();
      await remove();
    },
    30_000,
  );
});
