import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rm } from "node:fs/promises";

import { call, type Endpoint, json, watch } from "../src/testing/contract-client.ts";
import { writeKubeconfig } from "../src/testing/contract-upstream.ts";
import { findAssets, startApiserver } from "../src/testing/envtest.ts";
import { startFakeApiserver } from "../src/testing/fake-apiserver.ts";
import { type ProxyProcess, startProxy } from "../src/testing/proxy-process.ts";

/** An apiserver that serves no WatchList: a scope is filled by pages and a watch. */
interface Upstream extends Endpoint {
  readonly kubeconfig: string;
  stop(): Promise<void>;
}

const path = "/api/v1/namespaces/default/configmaps";
/** More than a page of the reflector's. */
const objects = 620;

const old = findAssets("1.33");
const upstreams: [string, () => Promise<Upstream>][] = [
  [
    "the fake apiserver with the feature off",
    async () => {
      const fake = await startFakeApiserver({ watchList: "off" });
      const { url, adminToken: token } = fake;
      const kubeconfig = await writeKubeconfig(url, token);
      const stop = async () => {
        await fake.stop();
        await rm(kubeconfig, { force: true });
      };
      return { url, token, kubeconfig, stop };
    },
  ],
];
if (old !== undefined)
  upstreams.push([
    "kube-apiserver 1.33",
    async () => {
      const server = await startApiserver({ assets: old });
      return { ...server, token: server.adminToken };
    },
  ]);

describe.each(upstreams)("a scope before %s", (_, start) => {
  let upstream: Upstream;
  let proxy: ProxyProcess;
  let own: Endpoint;

  beforeAll(async () => {
    upstream = await start();
    proxy = await startProxy({ kubeconfig: upstream.kubeconfig });
    own = { url: proxy.url };
    const names = Array.from({ length: objects }, (_each, at) => `cm-${at}`);
    for (let at = 0; at < names.length; at += 20)
      await Promise.all(
        names.slice(at, at + 20).map((name) =>
          call(upstream, path, {
            method: "POST",
            body: { metadata: { name }, data: { a: "b" } },
          }),
        ),
      );
  }, 90_000);

  afterAll(async () => {
    await proxy?.stop();
    await upstream?.stop();
  }, 30_000);

  test("is filled by pages, shows all, and is kept current by a watch", async () => {
    for (let round = 0; round < 2; round++) await call(own, path);
    const list = await call(own, path);
    expect(list.headers.get("x-edge-proxy")).toBe("cache");
    expect(list.text).toBe((await call(upstream, path)).text);
    const { resourceVersion } = json(list).metadata;
    const open = await watch(own, `${path}?watch=1&resourceVersion=${resourceVersion}`);
    expect(open.response.headers.get("x-edge-proxy")).toBe("cache");
    await call(own, `${path}/cm-7`, {
      method: "PATCH",
      body: { data: { a: "c" } },
      contentType: "application/merge-patch+json",
    });
    const [event] = await open.take(1);
    expect([event.type, event.object.data.a]).toEqual(["MODIFIED", "c"]);
    open.close();
  });
});
