import { afterEach, describe, expect, test } from "bun:test";

import { createTemporaryFolder, waitUntil } from "../src/testing/child-process.ts";
import { call, type Endpoint, json, names, watch } from "../src/testing/contract-client.ts";
import { findAssets, startApiserver } from "../src/testing/envtest.ts";
import { startFakeApiserver } from "../src/testing/fake-apiserver.ts";
import { type FaultyLink, startFaultyLink } from "../src/testing/faulty-link.ts";
import { type ProxyProcess, startProxy } from "../src/testing/proxy-process.ts";
import { configMap, must, sourceOf, untilCached } from "./offline-fixture.ts";

const configMaps = "/api/v1/namespaces/default/configmaps";
const interval = 2;
/** A probe on a dead connection is given up after 5 s; HTTP/1.1 is watched anew after three intervals. */
const toldWithinSeconds = 3 * interval + 5 + 5;

interface Upstream {
  readonly direct: Endpoint;
  readonly port: number;
  readonly scheme: string;
  readonly kubeconfig: string;
  stop(): Promise<void>;
}

async function kubeApiserver(): Promise<Upstream> {
  const server = await startApiserver({ assets: findAssets() ?? "" });
  const direct = { url: server.url, ca: server.ca, token: server.adminToken };
  return { ...server, direct, scheme: "https" };
}

async function fakeApiserver(): Promise<Upstream> {
  const fake = await startFakeApiserver();
  const { dir, remove } = await createTemporaryFolder("edge-proxy-half-open-");
  const kubeconfig = `${dir}/kubeconfig`;
  await Bun.write(
    kubeconfig,
    `{kind: Config, apiVersion: v1, current-context: fake,
      clusters: [{name: fake, cluster: {server: "${fake.url}"}}],
      users: [{name: user, user: {token: ${fake.adminToken}}}],
      contexts: [{name: fake, context: {cluster: fake, user: user}}]}`,
  );
  const direct = { url: fake.url, token: fake.adminToken };
  const stop = async () => {
    await fake.stop();
    await remove();
  };
  return { direct, port: fake.port, scheme: "http", kubeconfig, stop };
}

/** Connections die without a word, and new ones work: no outage, and no probe on a new connection ever fails. */
describe.each([
  ["HTTP/2", kubeApiserver, findAssets() === undefined],
  ["HTTP/1.1", fakeApiserver, false],
] as const)("a half-open connection, %s", (_, start, isSkipped) => {
  let upstream: Upstream | undefined;
  let link: FaultyLink | undefined;
  let proxy: ProxyProcess | undefined;

  afterEach(async () => {
    await proxy?.stop();
    link?.stop();
    await upstream?.stop();
  }, 30_000);

  test.skipIf(isSkipped)(
    "shows no read what is older than the health interval, and its watchers what they missed",
    async () => {
      upstream = await start();
      const { direct } = upstream;
      link = await startFaultyLink(upstream.port);
      proxy = await startProxy({
        kubeconfig: upstream.kubeconfig,
        server: `${upstream.scheme}://127.0.0.1:${link.port}`,
        flags: ["--health-interval", `${interval}s`],
      });
      const told = await watch(proxy, `${configMaps}?watch=1`);
      await untilCached(proxy, configMaps);
      link.blackHole();
      link.pass();
      const began = performance.now();
      await must(direct, configMaps, { method: "POST", body: configMap("missed", "till") });
      await Bun.sleep(interval * 1000 + 100);
      const read = await call(proxy, configMaps);
      console.log(
        `after ${Math.round(performance.now() - began)} ms a read is from ${sourceOf(read)}`,
      );
      expect(names(json(read))).toContain("missed");
      await waitUntil(
        "its watchers know",
        () => told.events.some(({ object }) => object.metadata.name === "missed"),
        toldWithinSeconds,
      );
      console.log(`watchers know after ${Math.round(performance.now() - began)} ms`);
      expect(await proxy.output()).not.toContain("not reachable");
      told.close();
    },
    60_000,
  );
});
