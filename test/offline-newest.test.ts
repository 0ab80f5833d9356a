import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { waitUntil } from "../src/testing/child-process.ts";
import { call, type Endpoint, json, names } from "../src/testing/contract-client.ts";
import { type FakeApiserver, startFakeApiserver } from "../src/testing/fake-apiserver.ts";
import { untilKept } from "./offline-disk.ts";
import {
  configMap,
  createAll,
  kubeconfigText,
  type Link,
  must,
  Node,
  sourceOf,
  startLink,
  untilCached,
} from "./offline-fixture.ts";

const configMaps = "/api/v1/namespaces/default/configmaps";
const namespace = "/api/v1/namespaces/default";
const asTable = {
  headers: { Accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json" },
};

let fake: FakeApiserver;
let link: Link;
let direct: Endpoint;
let node: Node;

beforeEach(async () => {
  fake = await startFakeApiserver();
  link = await startLink(fake.port);
  direct = { url: fake.url, token: fake.adminToken };
  await createAll(direct, configMaps, [configMap("a", "x"), configMap("b", "x")]);
  node = await Node.create({});
  const kubeconfig = join(node.dir, "kubeconfig");
  writeFileSync(kubeconfig, kubeconfigText(`http://127.0.0.1:${link.port}`, fake.adminToken));
  await node.start(["--kubeconfig", kubeconfig]);
}, 30_000);

afterEach(async () => {
  await node?.stop();
  await link?.cut();
  await fake?.stop();
}, 20_000);

async function isCutOff(): Promise<boolean> {
  return sourceOf(await call(node, configMaps)) !== "upstream";
}

async function cut(): Promise<void> {
  await link.cut();
  await waitUntil("the link is known to be cut", isCutOff);
}

async function patch(path: string, body: object): Promise<void> {
  await must(direct, path, { method: "PATCH", body, contentType: "application/merge-patch+json" });
}

describe("offline the newest that was seen is shown (CONTRACT 26)", () => {
  test("also where it was asked for under a condition, as kubectl asks for discovery", async () => {
    await must(node, namespace);
    await patch(namespace, { metadata: { labels: { since: "later" } } });
    const asked = { headers: { "if-none-match": '"of-before"' } };
    expect(json(await call(node, namespace, asked)).metadata.labels.since).toBe("later");
    await untilKept(node.cacheDir, `"${namespace}"`);
    await cut();
    const offline = await call(node, namespace);
    expect([offline.status, sourceOf(offline)]).toEqual([200, "replay"]);
    expect(json(offline).metadata.labels.since).toBe("later");
  }, 30_000);

  test("a Table with other rows than the scope has objects is not, plain objects are", async () => {
    const table = async (path: string) => await call(node, path, asTable);
    for (const path of [configMaps, `${configMaps}/a`, `${configMaps}/b`])
      expect(json(await table(path)).kind).toBe("Table");
    await call(node, configMaps);
    await untilCached(node, configMaps);
    await must(direct, `${configMaps}/b`, { method: "DELETE" });
    await createAll(direct, configMaps, [configMap("c", "x")]);
    const isSeen = async () => names(json(await call(node, configMaps))).join() === "a,c";
    await waitUntil("the scope has seen it", isSeen);
    await cut();
    const list = await table(configMaps);
    expect([sourceOf(list), json(list).kind, names(json(list))]).toEqual([
      "stale",
      "ConfigMapList",
      ["a", "c"],
    ]);
    expect((await table(`${configMaps}/b`)).status).toBe(404);
    const same = await table(`${configMaps}/a`);
    expect([sourceOf(same), json(same).kind]).toEqual(["replay", "Table"]);
  }, 30_000);

  test("a Table with a row for each object is, its columns as old as it says", async () => {
    await call(node, configMaps);
    await untilCached(node, configMaps);
    await must(direct, `${configMaps}/b`, { method: "DELETE" });
    const isSeen = async () => names(json(await call(node, configMaps))).join() === "a";
    await waitUntil("the scope has seen it", isSeen);
    expect(json(await call(node, configMaps, asTable)).rows).toHaveLength(1);
    await patch(`${configMaps}/a`, { data: { value: "later" } });
    await cut();
    const offline = await call(node, configMaps, asTable);
    expect([sourceOf(offline), json(offline).kind]).toEqual(["replay", "Table"]);
  }, 30_000);
});
