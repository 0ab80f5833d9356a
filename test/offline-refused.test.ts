import { afterEach, beforeEach, describe, expect, test } from "bun:test";

import { waitUntil } from "../src/testing/child-process.ts";
import { call, type Endpoint, json } from "../src/testing/contract-client.ts";
import { type FakeApiserver, startFakeApiserver } from "../src/testing/fake-apiserver.ts";
import { bytesIn, storedVersions, untilKept } from "./offline-disk.ts";
import { createNamespaces, must, Node, sourceOf } from "./offline-fixture.ts";
import { startHolding } from "./offline-holding.ts";

const configMaps = "/api/v1/namespaces/default/configmaps";
const others = "/api/v1/namespaces/other/configmaps";
const scope = "configmaps in default, json";

let fake: FakeApiserver;
let direct: Endpoint;
let node: Node;

beforeEach(async () => {
  fake = await startFakeApiserver();
  direct = { url: fake.url, token: fake.adminToken };
  await createNamespaces(direct, ["other"]);
  node = await startHolding(fake, ["default", "other"]);
}, 30_000);

afterEach(async () => {
  await node?.stop();
  await fake?.stop();
}, 20_000);

/** Refuses the scope's lists and watches, and cuts the watch that is open. */
async function refuse(code: number): Promise<void> {
  fake.faults.add({ kind: "answer", path: configMaps, code });
  fake.cutWatches("clean");
  const isRefused = async () => (await call(node, configMaps)).status === code;
  await waitUntil(`it is refused with ${code}`, isRefused, 15);
}

/** Waits until no file in the folder has it. */
async function untilGone(text: string): Promise<void> {
  const isGone = async () => !(await bytesIn(node.cacheDir)).includes(text);
  await waitUntil("no byte of it is on disk", isGone, 15);
}

/** Killed, and started again without upstream; where the lists are from then. */
async function offline(): Promise<readonly string[]> {
  await node.kill();
  await fake.pause();
  await node.start();
  const answers = [await call(node, configMaps), await call(node, others)];
  await fake.start();
  return answers.map((answer) => `${answer.status} ${sourceOf(answer)}`);
}

describe("a scope that upstream refuses (CONTRACT 23)", () => {
  test("with 403 is gone from the disk too: a start without upstream does not show it", async () => {
    await refuse(403);
    await waitUntil("it is gone", () => !storedVersions(node.cacheDir).has(scope));
    await untilGone('"namespace":"default"');
    expect(storedVersions(node.cacheDir).size).toBe(1);
    expect(await offline()).toEqual(["503 reject", "200 stale"]);
  }, 40_000);

  test.each([403, 404, 410])(
    "an answer that is %d since is gone from the disk, byte for byte",
    async (code) => {
      const path = "/api/v1/namespaces/other";
      const { uid } = json(await must(node, path)).metadata;
      await untilKept(node.cacheDir, `"${path}"`);
      expect((await bytesIn(node.cacheDir)).includes(uid)).toBe(true);
      fake.faults.add({ kind: "answer", path, code });
      expect((await call(node, path)).status).toBe(code);
      await untilGone(uid);
      expect(await offline()).toEqual(["200 stale", "200 stale"]);
    },
    40_000,
  );

  test("with 401 stays on disk: the node goes on without upstream with what it was shown", async () => {
    await refuse(401);
    expect(await offline()).toEqual(["200 stale", "200 stale"]);
  }, 40_000);
});
