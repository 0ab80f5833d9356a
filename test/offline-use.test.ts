import { afterEach, beforeEach, expect, test } from "bun:test";

import { Disk } from "../src/cache/disk.ts";
import { Snapshot } from "../src/cache/snapshot.ts";
import { waitUntil } from "../src/testing/child-process.ts";
import { call, type Endpoint, json, names } from "../src/testing/contract-client.ts";
import { type FakeApiserver, startFakeApiserver } from "../src/testing/fake-apiserver.ts";
import { untilStored } from "./offline-disk.ts";
import {
  configMap,
  createNamespaces,
  must,
  Node,
  sourceOf,
  untilCached,
} from "./offline-fixture.ts";
import { startHolding } from "./offline-holding.ts";

const used = "/api/v1/namespaces/default/configmaps";
const unused = "/api/v1/namespaces/other/configmaps";

let fake: FakeApiserver;
let node: Node;

beforeEach(async () => {
  fake = await startFakeApiserver();
  const direct: Endpoint = { url: fake.url, token: fake.adminToken };
  await createNamespaces(direct, ["other"]);
  node = await startHolding(fake, ["default", "other"]);
  await node.end();
}, 30_000);

afterEach(async () => {
  await node?.stop();
  await fake?.stop();
}, 20_000);

/** While no proxy runs: the last use of the scopes of such ids becomes one of so long before. */
async function notUsedFor(hours: number, isOf: (id: string) => boolean): Promise<void> {
  const opened = Disk.open(node.cacheDir, { now: Date.now, report: () => undefined });
  if (opened.is === "fault") throw new Error(opened.fault.reason);
  const snapshot = new Snapshot(opened.value, { limitBytes: Infinity, otherBytes: () => 0 });
  const all = await snapshot.scopes();
  const uses = all.is === "done" ? all.value : [];
  expect(uses.map(({ usedAt }) => Date.now() - usedAt < 10_000)).not.toContain(false);
  const those = uses.filter(({ id }) => isOf(id));
  expect(those).toHaveLength(1);
  await snapshot.noteUses(
    those.map(({ id, usedAt }) => ({ id, usedAt: usedAt - hours * 3_600_000 })),
  );
  await opened.value.close();
}

test("a start resumes the scopes that were in use; others are taken from the disk when somebody asks", async () => {
  await notUsedFor(2, (id) => id.includes("other"));
  fake.faults.forget();
  await node.start();
  await untilCached(node, used);
  expect(fake.faults.arrivals({ path: unused })).toEqual([]);
  await fake.pause();
  const isOut = async () => sourceOf(await call(node, used)) === "stale";
  await waitUntil("the outage is known", isOut);
  const answer = await call(node, unused);
  expect([sourceOf(answer), names(json(answer))]).toEqual(["stale", ["a"]]);
  await fake.start();
  await untilCached(node, unused, {}, 15);
  const lists = fake.faults.arrivals({ path: unused, verb: "watch" });
  expect(lists.filter(({ query }) => query.includes("sendInitialEvents"))).toEqual([]);
}, 40_000);

test("of scopes that hold the same the one that knows more answers after a start, whichever was used last", async () => {
  const everywhere = "/api/v1/configmaps";
  await node.start(["--scope-idle", "1s"]);
  const isStopped = async () => {
    await call(node, everywhere);
    const { text } = await call({ url: node.adminUrl }, "/statusz");
    return text.includes("configmaps, json") && !text.includes("configmaps in default, json");
  };
  await waitUntil("the narrow scope is stopped, the wide one is not", isStopped);
  const direct: Endpoint = { url: fake.url, token: fake.adminToken };
  const late = await must(direct, used, { method: "POST", body: configMap("late", "x") });
  const { resourceVersion } = json(late).metadata;
  await untilStored(node.cacheDir, ["configmaps, json"], Number(resourceVersion));
  await node.end();
  await notUsedFor(0.01, (id) => !id.includes("default") && !id.includes("other"));
  await fake.pause();
  await node.start();
  const answer = await call(node, used);
  expect([sourceOf(answer), names(json(answer))]).toEqual(["stale", ["a", "late"]]);
}, 40_000);
