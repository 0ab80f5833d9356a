import { afterEach, beforeEach, describe, expect, test } from "bun:test";

import { waitUntil } from "../src/testing/child-process.ts";
import { call, type Endpoint, json, watch } from "../src/testing/contract-client.ts";
import { type FakeApiserver, startFakeApiserver } from "../src/testing/fake-apiserver.ts";
import { fakeTypes } from "../src/testing/fake-types.ts";
import { untilKept, untilStored } from "./offline-disk.ts";
import {
  configMap,
  createAll,
  kubeconfigText,
  must,
  Node,
  sourceOf,
  untilCached,
} from "./offline-fixture.ts";

const configMaps = "/api/v1/namespaces/default/configmaps";
const namespace = "/api/v1/namespaces/default";
const latest = { headers: { "cache-control": "no-cache" } };

let fake: FakeApiserver;
let direct: Endpoint;
let node: Node;

beforeEach(async () => {
  fake = await startFakeApiserver();
  direct = { url: fake.url, token: fake.adminToken };
  await createAll(direct, configMaps, [configMap("a", "x"), configMap("b", "x")]);
  node = await Node.create({});
});

afterEach(async () => {
  await node?.stop();
  await fake?.stop();
}, 20_000);

/** All objects as they are; the result puts them back, as a restored etcd does, at revisions past what there was. */
function backup(): () => void {
  const kept = fakeTypes.map((type) => ({
    type,
    objects: [...fake.store.collection(type).objects.values()].map(({ object }) => object),
  }));
  return () => {
    const { revision } = fake.store;
    fake.store.clear();
    for (const { type, objects } of kept)
      for (const object of objects) fake.store.put(type, object);
    fake.store.advance(revision + 100);
  };
}

describe("a store that was restored and has grown past what is held (CONTRACT 17)", () => {
  test.each([
    ["a GET", `${configMaps}/a`],
    ["a LIST", configMaps],
  ])(
    "%s that is forwarded shows it: the scope is filled anew, answers and floors go",
    async (_, path) => {
      const restore = backup();
      const kubeconfig = `${node.dir}/kubeconfig`;
      await Bun.write(kubeconfig, kubeconfigText(fake.url, fake.adminToken));
      await node.start(["--kubeconfig", kubeconfig]);
      const body = { data: { value: "later" } };
      const change = { method: "PATCH", body, contentType: "application/merge-patch+json" };
      await must(direct, `${configMaps}/a`, change);
      await call(node, configMaps);
      const held = json(await untilCached(node, configMaps)).metadata.resourceVersion;
      await must(node, namespace);
      await untilKept(node.cacheDir, `"${namespace}"`);
      await untilStored(node.cacheDir, ["configmaps in default, json"], Number(held));
      const watching = await watch(node, `${configMaps}?watch=1&resourceVersion=${held}`);
      await fake.pause();
      restore();
      await fake.start();
      const isForwarded = async () => sourceOf(await call(node, path, latest)) === "upstream";
      await waitUntil("it is forwarded", isForwarded, 15);
      const [error] = await watching.take(1, 10);
      expect([error.type, error.object.code]).toEqual(["ERROR", 410]);
      const answer = json(await untilCached(node, configMaps));
      expect(answer.items).toEqual(json(await must(direct, configMaps)).items);
      await fake.pause();
      const isGone = async () => (await call(node, namespace)).status === 503;
      await waitUntil("no answer of the history before is given", isGone);
      await fake.start();
    },
    40_000,
  );
});
