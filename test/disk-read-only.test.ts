import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

import { waitUntil } from "../src/testing/child-process.ts";
import { call, json, names } from "../src/testing/contract-client.ts";
import { writeKubeconfig } from "../src/testing/contract-upstream.ts";
import { type FakeApiserver, startFakeApiserver } from "../src/testing/fake-apiserver.ts";
import {
  diskFaults,
  expectTheSameOffline,
  storedVersions,
  untilKept,
  untilStored,
  warnings,
  worksAgain,
} from "./offline-disk.ts";
import { configMap, must, Node, sourceOf, untilCached } from "./offline-fixture.ts";

// A disk that takes no more writes under a proxy that has its files open. The usual way there is a file system that finds an
// error in itself; it stays so until it is mounted anew. A file that the system lets nobody write comes back under open files.

const configMaps = "/api/v1/namespaces/default/configmaps";
const scope = "configmaps in default, json";
const imageBytes = 16 << 20;

let fake: FakeApiserver;
let kubeconfig: string;
let node: Node;

beforeAll(async () => {
  fake = await startFakeApiserver();
  kubeconfig = await writeKubeconfig(fake.url, fake.adminToken);
});

afterAll(async () => {
  await fake?.stop();
  rmSync(kubeconfig, { force: true });
});

beforeEach(async () => {
  node = await Node.create({ kubeconfig, flags: ["--disk-flush", "50ms"] });
  mkdirSync(node.cacheDir);
});

const runs = (...command: string[]) => Bun.spawnSync(command, { stderr: "ignore" }).success;
const create = async (name: string) =>
  Number(
    json(await must(node, configMaps, { method: "POST", body: configMap(name, "a") })).metadata
      .resourceVersion,
  );

const files = () => ["cache.db", "cache.db-wal"].map((name) => join(node.cacheDir, name));
const image = () => join(node.dir, "image");
const mount = () => runs("mount", "-o", "loop,errors=remount-ro", image(), node.cacheDir);
/** The kernel's own way to have an ext4 find an error in itself. */
const breakIt = () => {
  const found = Bun.spawnSync(["findmnt", "-no", "SOURCE", node.cacheDir]).stdout.toString();
  writeFileSync(`/sys/fs/ext4/${basename(found.trim())}/trigger_fs_error`, "1");
};

/** The proxy with one object, on disk, and an answer that no scope covers. */
async function startStored(): Promise<void> {
  await node.start();
  const version = await create(`first-${crypto.randomUUID()}`);
  await untilCached(node, configMaps);
  await must(node, "/version");
  await untilStored(node.cacheDir, [scope], version);
  await untilKept(node.cacheDir, "/version");
}

/** Nothing can be written: that is one line and one metric, and all that was known is answered. */
async function expectSaidAndAnswering(kind: string): Promise<void> {
  const late = `late-${crypto.randomUUID()}`;
  await create(late);
  await waitUntil("it is said", async () => (await warnings(node)).length > 0);
  await create(`later-${crypto.randomUUID()}`);
  const listed = await untilCached(node, configMaps);
  expect(names(json(listed))).toContain(late);
  await fake.pause();
  await waitUntil("it is stale", async () => sourceOf(await call(node, configMaps)) === "stale");
  expect(names(json(await must(node, configMaps)))).toEqual(names(json(listed)));
  expect(sourceOf(await must(node, "/version"))).toBe("replay");
  await fake.start();
  await untilCached(node, configMaps);
  expect(await diskFaults(node)).toEqual([`edge_proxy_disk_fault{kind="${kind}"} 1`]);
  const told = (await warnings(node)).filter((line) => line.includes("the disk store"));
  expect(told).toHaveLength(1);
  expect(told[0]).toContain(`the disk store fails (${kind}): what is new is not kept`);
}

describe("a file that nobody may write any more", () => {
  let isLocked = false;

  afterEach(async () => {
    if (isLocked) runs("chattr", "-i", ...files());
    await node.stop();
  });

  test("is said once, answers go on, and once it may be written all is", async () => {
    await startStored();
    isLocked = runs("chattr", "+i", ...files());
    if (!isLocked) return console.log("not tested: chattr +i needs root and a file system with it");
    await expectSaidAndAnswering("forbidden");
    isLocked = !runs("chattr", "-i", ...files());
    const last = await create(`last-${crypto.randomUUID()}`);
    await untilStored(node.cacheDir, [scope], last);
    expect(await worksAgain(node)).toBe(true);
    expect(await diskFaults(node)).toEqual([]);
    await expectTheSameOffline(node, configMaps, fake);
  }, 40_000);
});

describe("a file system that has become read-only", () => {
  let isMounted = false;

  beforeEach(() => {
    writeFileSync(image(), "");
    truncateSync(image(), imageBytes);
    isMounted = runs("mkfs.ext4", "-q", "-F", image()) && mount();
    if (!isMounted) console.log("not tested: no ext4 can be made and mounted here");
  });

  afterEach(async () => {
    await node.kill();
    if (isMounted) runs("umount", node.cacheDir);
    await node.stop();
  });

  test("is said once, answers go on, and a start after it was mounted anew goes on from what was stored", async () => {
    if (!isMounted) return;
    await startStored();
    expect(runs("sync", "-f", node.cacheDir)).toBe(true);
    const stored = [...storedVersions(node.cacheDir)];
    expect(stored).toHaveLength(1);
    breakIt();
    await expectSaidAndAnswering("read-only");
    await node.kill();
    expect(runs("umount", node.cacheDir) && mount()).toBe(true);
    expect([...storedVersions(node.cacheDir)]).toEqual(stored);
    await node.start();
    await untilStored(node.cacheDir, [scope], await create(`last-${crypto.randomUUID()}`));
    expect(await diskFaults(node)).toEqual([]);
    await expectTheSameOffline(node, configMaps, fake);
  }, 40_000);
});
