import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";

import { waitUntil } from "../src/testing/child-process.ts";
import {
  type Answer,
  call,
  type Endpoint,
  expectStatus,
  json,
  type Loose,
  names,
  summary,
  watch,
} from "../src/testing/contract-client.ts";
import { type FakeApiserver, startFakeApiserver } from "../src/testing/fake-apiserver.ts";
import { untilKept, untilStored } from "./offline-disk.ts";
import {
  configMap,
  createAll,
  kubeconfigText,
  Node,
  sourceOf,
  untilCached,
} from "./offline-fixture.ts";

const configMaps = "/api/v1/namespaces/default/configmaps";
const table = { headers: { Accept: "application/json;as=Table;v=v1;g=meta.k8s.io" } };
const rules = `rules:
- name: no-skipped
  hide: { namePrefix: skip- }
- name: no-managed-fields
  trim: [metadata.managedFields]
`;
const stricter = `${rules}- name: no-drafts
  hide: { labelSelector: app=draft }
- name: no-data
  trim: [data]
`;

let fake: FakeApiserver;
let node: Node;
let direct: Endpoint;

beforeEach(async () => {
  fake = await startFakeApiserver();
  direct = { url: fake.url, token: fake.adminToken };
  await createAll(direct, configMaps, [
    configMap("a", "shop"),
    configMap("d", "draft"),
    configMap("skip-a", "shop"),
  ]);
  node = await Node.create({ flags: ["--kubeconfig", "kubeconfig", "--config", "config.yaml"] });
  await Bun.write(join(node.dir, "kubeconfig"), kubeconfigText(fake.url, fake.adminToken));
  await Bun.write(join(node.dir, "config.yaml"), rules);
  await node.start();
}, 30_000);

afterEach(async () => {
  await node?.stop();
  await fake?.stop();
}, 20_000);

const rowNames = (answer: Answer) =>
  json(answer).rows.map((row: Loose) => row.object.metadata.name);

async function readRulesAgain(text: string): Promise<void> {
  await Bun.write(join(node.dir, "config.yaml"), text);
  node.signal("SIGHUP");
}

describe("rules without upstream", () => {
  test("hold for what is kept on disk, those that are read there and then too", async () => {
    await call(node, configMaps);
    await untilCached(node, configMaps);
    expect(rowNames(await call(node, configMaps, table))).toEqual(["a", "d"]);
    await untilStored(node.cacheDir, ["configmaps in default, json"], 1);
    await node.kill();
    await fake.pause();
    await node.start();
    const list = await call(node, configMaps);
    expect([sourceOf(list), names(json(list))]).toEqual(["stale", ["a", "d"]]);
    const kept = await call(node, configMaps, table);
    expect([sourceOf(kept), rowNames(kept)]).toEqual(["replay", ["a", "d"]]);
    expectStatus(await call(node, `${configMaps}/skip-a`), 404, { reason: "NotFound" });
    const version = json(list).metadata.resourceVersion;
    const stream = await watch(node, `${configMaps}?watch=1&resourceVersion=${version}`);
    await readRulesAgain(stricter);
    const [ended] = await stream.ended();
    expect(ended).toMatchObject({ type: "ERROR", object: { code: 410 } });
    const less = json(await call(node, configMaps));
    expect([names(less), less.items[0].data]).toEqual([["a"], undefined]);
    const refused = await call(node, configMaps, table);
    expect([refused.status, refused.text.includes("no-data")]).toEqual([406, true]);
    await readRulesAgain(`${rules}- name: no-drafts\n  hide: { labelSelector: app=draft }\n`);
    await waitUntil(
      "Tables are shown again",
      async () => (await call(node, configMaps, table)).status !== 406,
    );
    const again = json(await call(node, configMaps));
    expect([names(again), again.items[0].data]).toEqual([["a"], { value: "1" }]);
  }, 40_000);

  test("an answer about a hidden object is not kept, as none is about one that is not there", async () => {
    await createAll(direct, configMaps, [configMap("shown", "shop")]);
    await call(node, `${configMaps}/skip-a`);
    expect((await call(node, `${configMaps}/shown`)).status).toBe(200);
    await untilKept(node.cacheDir, `"${configMaps}/shown"`);
    await fake.pause();
    const kept = await call(node, `${configMaps}/shown`);
    expect([kept.status, sourceOf(kept)]).toEqual([200, "replay"]);
    const [hidden, missing] = await Promise.all(
      ["skip-a", "none-a"].map(async (name) => {
        const { status, text } = await call(node, `${configMaps}/${name}`);
        return [status, text.replaceAll(name, "NAME")];
      }),
    );
    expect(hidden?.[0]).toBe(503);
    expect(hidden).toEqual(missing);
  }, 40_000);

  test("a watch from the state on disk shows what they leave", async () => {
    await untilCached(node, configMaps);
    await untilStored(node.cacheDir, ["configmaps in default, json"], 1);
    await node.kill();
    await fake.pause();
    await node.start();
    const query =
      "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    const stream = await watch(node, `${configMaps}?${query}`);
    const events = await stream.take(3);
    expect(summary(events)).toEqual(["ADDED a", "ADDED d", "BOOKMARK"]);
    expect(JSON.stringify(events)).not.toContain("managedFields");
    stream.close();
  }, 40_000);
});
