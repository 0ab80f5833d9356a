import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { DiskOwner } from "../src/cache/disk-owner.ts";
import { Disk } from "../src/cache/disk.ts";
import { waitUntil } from "../src/testing/child-process.ts";
import { call, type Endpoint, json, names, watch } from "../src/testing/contract-client.ts";
import { type FakeApiserver, startFakeApiserver } from "../src/testing/fake-apiserver.ts";
import { claimOf } from "../src/upstream/credential-claim.ts";
import { bytesIn, storedVersions, untilKept, untilStored } from "./offline-disk.ts";
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
/** Of no scope. */
const namespace = "/api/v1/namespaces/default";
const scope = "configmaps in default, json";
const atAnyVersion = `${configMaps}?resourceVersion=0`;

/** In what is stored for who comes first. */
const needle = "a-needle-of-the-one-before";

let fake: FakeApiserver;
let link: Link;
let direct: Endpoint;
let node: Node;
let before: number;

/** A kubeconfig with this token. */
function write(token: string, port = link.port): void {
  const text = kubeconfigText(`http://127.0.0.1:${port}`, token);
  writeFileSync(join(node.dir, "kubeconfig"), text);
}

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** A token that names whose it is; no apiserver takes it. */
function named(subject: string): string {
  return `${part({ alg: "none" })}.${part({ iss: "i", sub: subject, jti: Math.random() })}.x`;
}

const start = () => node.start(["--kubeconfig", join(node.dir, "kubeconfig")]);

async function warnings(): Promise<readonly string[]> {
  const lines = (await node.output()).split("\n");
  return lines.filter((line) => line.includes(" WARN ") && !line.includes("go over http"));
}

/** Another cluster's data on the same address, its revisions past those of the one before. */
async function replace(): Promise<void> {
  fake.replace();
  fake.store.advance(before + 1000);
  await createAll(direct, configMaps, [configMap("other", "x")]);
}

beforeEach(async () => {
  fake = await startFakeApiserver();
  link = await startLink(fake.port);
  direct = { url: fake.url, token: fake.adminToken };
  await createAll(direct, configMaps, [configMap("a", "x", needle), configMap("b", "x")]);
  node = await Node.create({});
  write(fake.adminToken);
  await start();
  await call(node, configMaps);
  await untilCached(node, configMaps);
  await must(node, namespace);
  await untilKept(node.cacheDir, `"${namespace}"`);
  before = fake.store.revision;
  await untilStored(node.cacheDir, [scope], 1);
  expect(await isOnDisk()).toBe(true);
}, 30_000);

afterEach(async () => {
  await node?.stop();
  await link?.cut();
  await fake?.stop();
}, 20_000);

async function isOnDisk(): Promise<boolean> {
  return (await bytesIn(node.cacheDir)).includes(needle);
}

/** What was known of the cluster before is nowhere. */
async function expectForgotten(): Promise<void> {
  const isStored = () => (storedVersions(node.cacheDir).get(scope) ?? 0) > before;
  expect(names(json(await untilCached(node, configMaps)))).toEqual(["other"]);
  await waitUntil("the other's state is on disk", isStored);
  expect(await isOnDisk()).toBe(false);
  await link.cut();
  const stale = async () => sourceOf(await call(node, configMaps)) === "stale";
  await waitUntil("the link is known to be cut", stale);
  const offline = await call(node, namespace);
  expect([offline.status, sourceOf(offline)]).toEqual([503, "reject"]);
}

describe("another cluster (CONTRACT 17)", () => {
  test("after an outage: watchers get 410, and nothing of the one before is shown again", async () => {
    const watching = await watch(node, `${configMaps}?watch=1&resourceVersion=${before}`);
    await link.cut();
    await waitUntil("stale", async () => sourceOf(await call(node, configMaps)) === "stale");
    await replace();
    await link.restore();
    const [error] = await watching.take(1, 15);
    expect([error.type, error.object.code]).toEqual(["ERROR", 410]);
    await expectForgotten();
    const told = (await warnings()).filter((line) => line.includes("another cluster"));
    expect(told).toHaveLength(1);
  }, 40_000);

  test("at another address, while the one before still answers: forwarded watches get 410 as well", async () => {
    const other = await startFakeApiserver();
    try {
      const asked = { headers: { authorization: `Bearer ${fake.adminToken}` } };
      const query = `watch=1&resourceVersion=${before}`;
      const forwarded = await watch(node, `${configMaps}?${query}`, asked);
      expect(forwarded.response.headers.get("x-edge-proxy")).toBe("upstream");
      const watched = await watch(node, `${configMaps}?${query}`);
      write(other.adminToken, other.port);
      process.kill(node.pid, "SIGHUP");
      for (const watching of [forwarded, watched]) {
        const [error] = await watching.take(1, 15);
        expect([error.type, error.object.code]).toEqual(["ERROR", 410]);
      }
    } finally {
      await other.stop();
    }
  }, 40_000);

  test("after a restart: who resumes gets 410, and the folder is the other's", async () => {
    await node.kill();
    await replace();
    // Until it is known, what is on disk is shown as what it is, and nothing of the other is mixed in.
    const path = "/api/v1/namespaces/kube-system";
    fake.faults.add({ kind: "delay", path, ms: 1500, times: 1 });
    await start();
    expect(sourceOf(await call(node, atAnyVersion))).toBe("stale");
    expect(sourceOf(await call(node, configMaps))).toBe("upstream");
    const resumed = await watch(node, `${configMaps}?watch=1&resourceVersion=${before}`);
    const [error] = await resumed.take(1, 15);
    expect([error.type, error.object.code]).toEqual(["ERROR", 410]);
    await expectForgotten();
    expect((await warnings()).filter((line) => line.includes("another cluster"))).toHaveLength(1);
  }, 40_000);

  test("whose uid may not be read is not told apart, and nothing is listed again", async () => {
    const path = "/api/v1/namespaces/kube-system";
    await node.kill();
    fake.faults.add({ kind: "answer", path, code: 403 });
    fake.faults.forget();
    await start();
    expect(names(json(await untilCached(node, configMaps)))).toEqual(["a", "b"]);
    expect(fake.faults.arrivals({ path })).toHaveLength(1);
    const fills = fake.faults.arrivals({ path: configMaps });
    expect(fills.filter(({ query }) => query.includes("sendInitialEvents"))).toEqual([]);
    expect(await warnings()).toEqual([]);
  }, 30_000);

  test("the same at another address is the same: nothing is listed again", async () => {
    await node.kill();
    const other = await startLink(fake.port);
    write(fake.adminToken, other.port);
    fake.faults.forget();
    await start();
    expect(names(json(await untilCached(node, configMaps)))).toEqual(["a", "b"]);
    const fills = fake.faults.arrivals({ path: configMaps });
    expect(fills.filter(({ query }) => query.includes("sendInitialEvents"))).toEqual([]);
    expect(await warnings()).toEqual([]);
    await node.kill();
    await other.cut();
  }, 30_000);
});

describe("another identity, changed while the proxy was down", () => {
  test("that only upstream can tell: it is told before anything is shown", async () => {
    await node.kill();
    write(fake.aliceToken);
    await start();
    const answer = await call(node, atAnyVersion);
    expect([answer.status, sourceOf(answer)]).toEqual([403, "upstream"]);
    expect((await warnings()).filter((line) => line.includes("belong to alice"))).toHaveLength(1);
    await link.cut();
    const isOut = async () => (await call(node, configMaps)).status === 503;
    await waitUntil("the link is known to be cut", isOut);
    expect((await call(node, namespace)).status).toBe(503);
    expect(storedVersions(node.cacheDir).size).toBe(0);
    expect(await isOnDisk()).toBe(false);
  }, 30_000);

  test("whose token says nothing, without upstream: what is there is shown", async () => {
    await node.kill();
    await link.cut();
    write("another-token");
    await start();
    const answer = await call(node, atAnyVersion);
    expect([answer.status, sourceOf(answer)]).toEqual([200, "stale"]);
  }, 30_000);

  test.each([
    ["another name", "two", [503, "reject"], 1],
    ["another token of the same name", "one", [200, "stale"], 0],
  ] as const)(
    "%s, told by the credentials without upstream, before anything is shown",
    async (_, subject, expected, told) => {
      // Nobody can ask whose token this is: it is adopted by the name that it says.
      await node.end();
      await own(named("one"));
      await link.cut();
      write(named(subject));
      await start();
      for (const path of [atAnyVersion, namespace]) {
        const { status, headers } = await call(node, path);
        const source = headers.get("x-edge-proxy");
        expect([status, source === "replay" ? "stale" : source]).toEqual([...expected]);
      }
      const lines = (await warnings()).filter((line) => line.includes("another identity"));
      expect(lines).toHaveLength(told);
      expect(await isOnDisk()).toBe(told === 0);
    },
    30_000,
  );
});

/** The folder is of who brings this token. */
async function own(token: string): Promise<void> {
  const opened = Disk.open(node.cacheDir, { now: Date.now, report: () => undefined });
  if (opened.is === "fault") throw new Error(opened.fault.reason);
  const owner = new DiskOwner(opened.value);
  await owner.load();
  const tls = { rejectUnauthorized: true };
  const claim = claimOf({ server: "x", tls, authorization: `Bearer ${token}` });
  expect(claim?.is).toBe("named");
  owner.learn({ name: claim?.text, token: undefined });
  await opened.value.close();
}
