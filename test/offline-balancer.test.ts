import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { join } from "node:path";

import { type Balancer, startBalancer } from "../src/testing/balancer.ts";
import { waitUntil } from "../src/testing/child-process.ts";
import { call, type Endpoint, json } from "../src/testing/contract-client.ts";
import { type Apiserver, findAssets, startApiserver } from "../src/testing/envtest.ts";
import { AuditLog } from "./offline-audit.ts";
import { untilStored } from "./offline-disk.ts";
import { configMap, createNamespaces, must, Node, untilCached } from "./offline-fixture.ts";

const assets = findAssets();
const inShop = "/api/v1/namespaces/shop/configmaps";
const secretsInShop = "/api/v1/namespaces/shop/secrets";
/** One watch of 3 s, and what two busy cores may add. */
const confirmedWithinSeconds = 3 + 3;

/** A watch gets its bookmark only on the server that the LIST before it has asked (CONTRACT 5). */
describe.skipIf(assets === undefined)("a start before two apiservers behind a balancer", () => {
  const audits = [new AuditLog(), new AuditLog()] as const;
  const servers: Apiserver[] = [];
  let direct: Endpoint;
  let balancer: Balancer;
  let node: Node;

  beforeAll(async () => {
    const given = { assets: assets ?? "" };
    const first = await startApiserver({ ...given, flags: audits[0].flags });
    servers.push(first);
    servers.push(await startApiserver({ ...given, flags: audits[1].flags, beside: first }));
    direct = { url: first.url, ca: first.ca, token: first.adminToken };
    balancer = await startBalancer(servers.map(({ port }) => port));
    const kubeconfig = join(first.dir, "balanced");
    await Bun.write(
      kubeconfig,
      `{kind: Config, apiVersion: v1, current-context: both,
        clusters: [{name: both, cluster: {server: "https://127.0.0.1:${balancer.port}", insecure-skip-tls-verify: true}}],
        users: [{name: admin, user: {token: ${first.adminToken}}}],
        contexts: [{name: both, context: {cluster: both, user: admin}}]}`,
    );
    node = await Node.create({ kubeconfig });
    await createNamespaces(direct, ["shop"]);
    const body = configMap("a", "till");
    const written = json(await must(direct, inShop, { method: "POST", body }));
    await node.start();
    await call(node, inShop);
    await untilCached(node, inShop);
    const reached = Number(written.metadata.resourceVersion);
    await untilStored(node.cacheDir, ["configmaps in shop, json"], reached);
  }, 120_000);

  afterAll(async () => {
    await node?.stop();
    balancer?.stop();
    for (const server of servers.toReversed()) await server.stop();
    for (const { dir } of audits) await rm(dir, { recursive: true, force: true });
  }, 30_000);

  /** What each server was asked of configmaps: `list`, or `watch` for the short one. */
  const asked = async () =>
    await Promise.all(
      audits.map(async (audit) =>
        (await audit.ofProxy("configmaps"))
          .filter(({ uri }) => /limit=1$|timeoutSeconds=3&/.test(uri))
          .map(({ verb }) => verb),
      ),
    );

  test.each([1, 2, 3])(
    "start %i: the LIST and the watch that confirm a scope go to the same server",
    async (round) => {
      await node.kill();
      const body = { metadata: { name: `s${round}` } };
      await must(direct, secretsInShop, { method: "POST", body });
      for (const audit of audits) await audit.forget();
      await node.start();
      await waitUntil("it is asked", async () => (await asked()).flat().includes("watch"));
      await untilCached(node, inShop, {}, confirmedWithinSeconds);
      expect((await asked()).toSorted((a, b) => a.length - b.length)).toEqual([
        [],
        ["list", "watch"],
      ]);
    },
    30_000,
  );
});
