import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rm } from "node:fs/promises";

import { waitUntil } from "../src/testing/child-process.ts";
import { call, type Endpoint, json } from "../src/testing/contract-client.ts";
import { type Apiserver, findAssets, startApiserver } from "../src/testing/envtest.ts";
import { AuditLog } from "./offline-audit.ts";
import { untilStored } from "./offline-disk.ts";
import {
  configMap,
  createNamespaces,
  type Link,
  must,
  Node,
  sourceOf,
  startLink,
  untilCached,
} from "./offline-fixture.ts";

const assets = findAssets();
const inShop = "/api/v1/namespaces/shop/configmaps";
const inBank = "/api/v1/namespaces/bank/configmaps";
/** Two watches of 3 s, the lease that an apiserver renews every 10 s, and what two busy cores may add (CONTRACT 5). */
const confirmedWithinSeconds = 3 + 11 + 3 + 3;

/**
 * Nobody writes but the apiserver itself, and the last configmap that was written is none of the scope: the version that a
 * consistent LIST then tells is one that no watch brings a bookmark of.
 */
describe.skipIf(assets === undefined)("a scope in a cluster where nothing happens", () => {
  const audit = new AuditLog();
  let apiserver: Apiserver;
  let direct: Endpoint;
  let link: Link;
  let node: Node;

  beforeAll(async () => {
    apiserver = await startApiserver({ assets: assets ?? "", flags: audit.flags });
    direct = { url: apiserver.url, ca: apiserver.ca, token: apiserver.adminToken };
    link = await startLink(apiserver.port);
    node = await Node.create({
      kubeconfig: apiserver.kubeconfig,
      server: `https://127.0.0.1:${link.port}`,
    });
    await createNamespaces(direct, ["shop", "bank"]);
    const body = configMap("a", "till");
    const written = json(await must(direct, inShop, { method: "POST", body }));
    await node.start();
    await call(node, inShop);
    await untilCached(node, inShop);
    const reached = Number(written.metadata.resourceVersion);
    await untilStored(node.cacheDir, ["configmaps in shop, json"], reached);
  }, 90_000);

  afterAll(async () => {
    await node?.stop();
    await link?.cut();
    await apiserver?.stop();
    await rm(audit.dir, { recursive: true, force: true });
  }, 30_000);

  const writeElsewhere = (name: string) =>
    must(direct, inBank, { method: "POST", body: configMap(name, "till") });
  const untilConfirmed = async (what: string) => {
    const began = performance.now();
    const answer = await untilCached(node, inShop, {}, confirmedWithinSeconds);
    console.log(`${what}: confirmed after ${((performance.now() - began) / 1000).toFixed(1)} s`);
    expect(answer.headers.get("age")).toBeNull();
    const asked = await audit.ofProxy("configmaps");
    // The reads themselves went upstream until then.
    const full = asked.filter(({ uri }) => uri.includes("sendInitialEvents"));
    expect(full).toEqual([]);
  };

  test("is confirmed after a start, without a read to ask for it", async () => {
    await node.kill();
    await writeElsewhere("x");
    await audit.forget();
    await node.start();
    await Bun.sleep(1000);
    const asked = await audit.ofProxy("configmaps");
    expect(asked.some(({ verb, uri }) => verb === "list" && uri.includes("limit=1"))).toBe(true);
    await untilConfirmed("a start");
  }, 40_000);

  test("answers reads again soon after a write that tells nothing of what it did", async () => {
    await untilCached(node, inShop);
    await writeElsewhere("z");
    await audit.forget();
    await must(node, `${inShop}?labelSelector=app%3Dnone`, { method: "DELETE" });
    expect(sourceOf(await call(node, inShop))).toBe("upstream");
    await untilConfirmed("a deletion of many");
  }, 40_000);

  test("is confirmed after an outage, once it is read", async () => {
    await link.cut();
    await writeElsewhere("y");
    await waitUntil(
      "the outage is known",
      async () => sourceOf(await call(node, inShop)) === "stale",
    );
    await link.restore();
    await audit.forget();
    await untilConfirmed("an outage");
  }, 40_000);
});
