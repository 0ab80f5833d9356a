import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { rm } from "node:fs/promises";

import { StoreReader } from "../src/cache/store-reader.ts";
import { waitUntil } from "../src/testing/child-process.ts";
import {
  call,
  type Endpoint,
  json,
  names,
  summary,
  type Watch,
  watch,
} from "../src/testing/contract-client.ts";
import { writeKubeconfig } from "../src/testing/contract-upstream.ts";
import { type FakeApiserver, startFakeApiserver } from "../src/testing/fake-apiserver.ts";
import { untilStored } from "./offline-disk.ts";
import { and, configMap, must, Node, sourceOf } from "./offline-fixture.ts";

const all = "/api/v1/namespaces/default/configmaps";
const ofTill = and(all, "labelSelector=app%3Dtill");
const [whole, narrow] = ["configmaps in default, json", "configmaps in default (app=till), json"];

let fake: FakeApiserver;
let direct: Endpoint;
let kubeconfig: string;
let node: Node;
let isPaused = false;
const open: Watch[] = [];

beforeAll(async () => {
  fake = await startFakeApiserver();
  direct = { url: fake.url, token: fake.adminToken };
  kubeconfig = await writeKubeconfig(fake.url, fake.adminToken);
}, 30_000);

afterAll(async () => {
  await fake?.stop();
  await rm(kubeconfig, { force: true });
});

beforeEach(async () => {
  node = await Node.create({ kubeconfig, flags: ["--scope-idle", "1s", "--disk-flush", "50ms"] });
});

afterEach(async () => {
  for (const each of open.splice(0)) each.close();
  await node.stop();
  await unpause();
  await call(direct, all, { method: "DELETE" });
}, 20_000);

async function pause(): Promise<void> {
  isPaused = true;
  await fake.pause();
}

async function unpause(): Promise<void> {
  if (isPaused) await fake.start();
  isPaused = false;
}

async function create(name: string, app = "till"): Promise<number> {
  const answer = await must(direct, all, { method: "POST", body: configMap(name, app) });
  return Number(json(answer).metadata.resourceVersion);
}

async function opened(path: string, from?: number): Promise<Watch> {
  const query = `watch=1${from === undefined ? "" : `&resourceVersion=${from}`}`;
  const each = await watch(node, and(path, query));
  open.push(each);
  return each;
}

/** How far what lies before the first scope's state has been told, on disk. */
function storedReplay(folder: string): number {
  const reader = StoreReader.open(folder);
  const [first] = reader.scopes();
  reader.close();
  return Number(first?.held.state?.replayedTo ?? 0);
}

async function scopesInMemory(): Promise<string> {
  return (await call({ url: node.adminUrl }, "/statusz")).text;
}

describe("what another scope knows", () => {
  test("a watch goes on offline from the history of a wider scope that lies on disk", async () => {
    await node.start();
    const before = await create("a");
    const wide = await opened(all);
    await wide.take(1);
    await untilStored(node.cacheDir, [whole], before);
    await create("b");
    await create("other", "door");
    const last = await create("c");
    await wide.take(4);
    await untilStored(node.cacheDir, [whole], last);
    wide.close();
    await waitUntil("nobody uses it", async () => !(await scopesInMemory()).includes(whole));
    const small = await opened(ofTill);
    await small.take(3);
    await untilStored(node.cacheDir, [narrow], last);
    await pause();
    const resumed = await opened(ofTill, before);
    expect(summary(await resumed.take(2))).toEqual(["ADDED b", "ADDED c"]);
    expect(sourceOf(resumed.response)).toBe("stale");
    const exact = await must(
      node,
      and(ofTill, `resourceVersion=${before}&resourceVersionMatch=Exact`),
    );
    expect(names(json(exact))).toEqual(["a"]);
    expect([sourceOf(exact), exact.headers.get("age")]).toEqual(["cache", null]);
  }, 30_000);
});

describe("what a client was told before a kill", () => {
  test("goes on from there though it was told before the first write of its scope", async () => {
    node = await Node.create({ kubeconfig, flags: ["--disk-flush", "2s"] });
    await node.start();
    const before = await create("a");
    const watching = await opened(ofTill);
    await watching.take(1);
    await create("b");
    const last = await create("c");
    await watching.take(3);
    await untilStored(node.cacheDir, [narrow], last);
    await pause();
    await node.kill();
    await node.start();
    expect(summary(await (await opened(ofTill, before)).take(2))).toEqual(["ADDED b", "ADDED c"]);
    const exactly = `resourceVersion=${before}&resourceVersionMatch=Exact`;
    expect(names(json(await must(node, and(ofTill, exactly))))).toEqual(["a"]);
  }, 30_000);

  test("goes on from there though its scope was filled later than what it named", async () => {
    await node.start();
    const before = await create("a");
    await create("b");
    const last = await create("c");
    const watching = await opened(all, before);
    await watching.take(2);
    await untilStored(node.cacheDir, [whole], last);
    const position = Number((await watching.take(1))[0].object.metadata.resourceVersion);
    await waitUntil("what was told is on disk", () => storedReplay(node.cacheDir) >= last);
    await pause();
    await node.kill();
    await node.start();
    expect(summary(await (await opened(all, before)).take(2))).toEqual(["ADDED b", "ADDED c"]);
    expect(summary(await (await opened(all, position)).take(1))).toEqual(["ADDED c"]);
    await unpause();
    await create("d");
    const resumed = await opened(all, before);
    expect(summary(await resumed.take(3))).toEqual(["ADDED b", "ADDED c", "ADDED d"]);
  }, 30_000);
});
