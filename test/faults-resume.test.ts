import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { rm } from "node:fs/promises";

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
  await fake.start();
  await node.stop();
  await call(direct, all, { method: "DELETE" });
}, 20_000);

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
    await fake.pause();
    const resumed = await opened(ofTill, before);
    expect(summary(await resumed.take(2))).toEqual(["ADDED b", "ADDED c"]);
    expect(sourceOf(resumed.response)).toBe("stale");
    const exact = await must(
      node,
      and(ofTill, `resourceVersion=${before}&resourceVersionMatch=Exact`),
    );
    expect(names(json(exact))).toEqual(["a"]);
  }, 30_000);
});
