import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

import type { ChangeEvent } from "../api/watch-event.ts";
import { createTemporaryFolder } from "../testing/child-process.ts";
import {
  configMapScope,
  objectAt,
  type OpenSnapshot,
  openSnapshot,
  restore,
  stateAt,
  summary,
} from "../testing/disk.ts";
import { configMap, plain, plainEvent } from "../testing/objects.ts";
import { scopeId } from "./scope-id.ts";

const scope = configMapScope();
let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;
let open: OpenSnapshot;
let now = 1_000_000;

beforeEach(async () => {
  folder = await createTemporaryFolder("edge-proxy-snapshot-");
  now = 1_000_000;
  open = openSnapshot(folder.dir, 64 << 20, () => now);
});
afterEach(async () => {
  await open.disk.close();
  await folder.remove();
});

function id(namespace: string): string {
  return scopeId(configMapScope(namespace));
}

/** Closes and opens again, as a restart does. */
async function reopen(limitBytes?: number): Promise<void> {
  await open.disk.close();
  open = openSnapshot(folder.dir, limitBytes, () => now);
}

function modified(name: string, from: number, to: number): ChangeEvent {
  return { type: "MODIFIED", item: objectAt(name, to), previous: objectAt(name, from) };
}

function sized(bytes: number, name: string, resourceVersion = 1) {
  return configMap({ name, resourceVersion: String(resourceVersion), uid: "u".repeat(bytes) });
}

async function write(at: number, ...changes: readonly ChangeEvent[]): Promise<unknown> {
  const outcome = await open.snapshot.write([{ scope, state: stateAt(at), changes }]);
  return outcome.is === "done" ? outcome.value[0] : outcome.fault;
}

async function restored() {
  const answer = await restore(open.snapshot, scope);
  return answer.is === "restored" ? answer.restored : undefined;
}

async function whole(): Promise<string> {
  const answer = await restore(open.snapshot, scope);
  return answer.is === "restored" ? summary(answer.restored) : answer.is;
}

describe("Snapshot", () => {
  test("gives back contents, resourceVersion and forms over a restart", async () => {
    await open.snapshot.replace(scope, stateAt(10), [objectAt("a", 3), objectAt("b", 4)]);
    await reopen();
    const back = await restored();
    expect(back && summary(back)).toBe("10: a@3 b@4");
    expect(back).toMatchObject({ ...stateAt(10), at: now, since: "10", changes: [] });
    const [first] = back === undefined ? [] : back.store.items();
    expect(first && plain(first)).toEqual(plain(objectAt("a", 3)));
  });

  test("an empty list is a list, and a scope never written is absent", async () => {
    await open.snapshot.replace(scope, stateAt(10), []);
    await reopen();
    expect(await whole()).toBe("10:");
    expect(await restore(open.snapshot, configMapScope("other"))).toEqual({ is: "absent" });
  });

  test("changes are history, with what they changed", async () => {
    await open.snapshot.replace(scope, stateAt(10), [objectAt("a", 3), objectAt("b", 4)]);
    const added: ChangeEvent = { type: "ADDED", item: objectAt("c", 12), previous: undefined };
    const previous = objectAt("b", 4);
    const deleted: ChangeEvent = { type: "DELETED", item: objectAt("b", 13), previous };
    await write(12, modified("a", 3, 11), added);
    await write(14, deleted);
    await write(20);
    await reopen();
    const back = await restored();
    expect(back && summary(back)).toBe("20: a@11 c@12");
    const expected = [modified("a", 3, 11), added, deleted];
    expect(back?.changes.map(({ event }) => plainEvent(event))).toEqual(expected.map(plainEvent));
    expect(`${back?.since} ${back?.statesSince}`).toBe("10 10");
  });

  test("writes after a restart only to what was restored", async () => {
    await open.snapshot.replace(scope, stateAt(10), [objectAt("a", 3)]);
    await reopen();
    expect(await write(11, modified("a", 3, 11))).toBe("not held");
    expect(await whole()).toBe("10: a@3");
    expect(open.snapshot.isAt(scope, stateAt(10).resourceVersion)).toBe(true);
    expect(await write(11, modified("a", 3, 11))).toBe("written");
    expect(await whole()).toBe("11: a@11");
  });

  test("a replacement takes the place of all there was, its history too", async () => {
    await open.snapshot.replace(scope, stateAt(10), [objectAt("a", 3), objectAt("b", 4)]);
    await write(11, modified("a", 3, 11));
    await open.snapshot.replace(scope, stateAt(30), [objectAt("c", 25)]);
    await reopen();
    const back = await restored();
    expect(back && summary(back)).toBe("30: c@25");
    expect(`${back?.since} ${back?.changes.length}`).toBe("30 0");
  });

  test("what is overtaken is written anew without it, and the state stays the same", async () => {
    const names = Array.from({ length: 40 }, (_, index) => `n${index}`);
    await open.snapshot.replace(
      scope,
      stateAt(10),
      names.map((name) => objectAt(name, 3)),
    );
    const versions = new Map(names.map((name) => [name, 3]));
    let at = 10;
    for (let round = 0; round < 400; round++) {
      now += 1000;
      at++;
      const name = names[(round * 7) % 33] ?? "";
      const before = versions.get(name);
      if (before === undefined) {
        versions.set(name, at);
        await write(at, { type: "ADDED", item: objectAt(name, at), previous: undefined });
      } else if (round % 5 === 0) {
        versions.delete(name);
        const previous = objectAt(name, before);
        await write(at, { type: "DELETED", item: objectAt(name, at), previous });
      } else {
        versions.set(name, at);
        await write(at, modified(name, before, at));
      }
    }
    const expected = [...versions].toSorted(([a], [b]) => (a < b ? -1 : 1));
    const text = [`${at}:`, ...expected.map(([name, version]) => `${name}@${version}`)].join(" ");
    await reopen();
    const back = await restored();
    expect(back && summary(back)).toBe(text);
    expect(Number(back?.since)).toBeWithin(11, at - 70);
    expect(back?.changes.length).toBe(at - Number(back?.since));
    expect(await write(at + 1)).toBe("written");
    await reopen();
    expect(await whole()).toBe(text.replace(`${at}:`, `${at + 1}:`));
  });

  test("many changes at once are written in slices, each of which is whole", async () => {
    await open.snapshot.replace(scope, stateAt(10), []);
    const changes = Array.from({ length: 12 }, (_, index): ChangeEvent => {
      const item = sized(200_000, `n${index + 10}`, 11 + Math.floor(index / 4));
      return { type: "ADDED", item, previous: undefined };
    });
    expect(await write(20, ...changes)).toBe("written");
    await reopen();
    const back = await restored();
    expect([back?.resourceVersion, back?.store.size]).toEqual([stateAt(20).resourceVersion, 12]);
  });

  test("the least recently used scope that nobody writes goes when room is needed", async () => {
    for (const name of ["a", "b"]) {
      now += 1000;
      await open.snapshot.replace(configMapScope(name), stateAt(10), [sized(1000, "x")]);
    }
    await open.snapshot.noteUses([
      { id: id("a"), usedAt: now + 500 },
      { id: id("b"), usedAt: now },
      { id: id("none"), usedAt: now },
    ]);
    await reopen(4000);
    now += 1000;
    const three = [sized(1000, "x"), sized(1000, "y")];
    expect(await open.snapshot.replace(configMapScope("c"), stateAt(10), three)).toEqual({
      is: "done",
      value: "written",
    });
    const ids = await open.snapshot.scopes();
    const { resourceVersion } = stateAt(10);
    expect(ids.is === "done" && ids.value).toEqual([
      { id: id("c"), usedAt: now, resourceVersion },
      { id: id("a"), usedAt: now - 500, resourceVersion },
    ]);
  });

  test("what nobody writes and nobody has used since is removed", async () => {
    for (const name of ["a", "b", "c"])
      await open.snapshot.replace(configMapScope(name), stateAt(10), [sized(1000, "x")]);
    await open.snapshot.noteUses([{ id: id("b"), usedAt: now + 1000 }]);
    await reopen();
    await restore(open.snapshot, configMapScope("c"));
    await open.snapshot.removeUnused(now + 1);
    const left = await open.snapshot.scopes();
    expect(left.is === "done" && left.value.map((each) => each.id)).toEqual([id("b"), id("c")]);
  });

  test("a scope larger than all the room is not written", async () => {
    await reopen(1000);
    const large = configMap({ name: "x", uid: "u".repeat(1000) });
    const outcome = await open.snapshot.replace(scope, stateAt(10), [large]);
    expect(outcome).toEqual({ is: "done", value: "does not fit" });
    expect(await whole()).toBe("absent");
  });

  test("a removed scope is gone, a released one stays", async () => {
    await open.snapshot.replace(scope, stateAt(10), [objectAt("a", 3)]);
    await open.snapshot.release(scope);
    expect(await write(11)).toBe("not held");
    expect(await whole()).toBe("10: a@3");
    await open.snapshot.remove(scope);
    await reopen();
    expect(await whole()).toBe("absent");
  });

  test("once closed it is not opened again", async () => {
    await open.disk.close();
    const outcome = await open.snapshot.replace(scope, stateAt(10), []);
    expect(outcome).toMatchObject({ is: "fault", fault: { kind: "failed" } });
    expect(open.reports).toEqual([]);
  });

  test("its folder and files are nobody else's", async () => {
    await open.snapshot.replace(scope, stateAt(10), [objectAt("a", 3)]);
    const modes = readdirSync(folder.dir).map((name) => statSync(join(folder.dir, name)).mode);
    expect(modes.map((mode) => mode & 0o777)).toEqual(modes.map(() => 0o600));
    expect(statSync(folder.dir).mode & 0o777).toBe(0o700);
  });
});
