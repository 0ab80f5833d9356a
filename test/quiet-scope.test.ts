import { describe, expect, test } from "bun:test";

import { call } from "../src/testing/contract-client.ts";
import { findAssets, startApiserver } from "../src/testing/envtest.ts";
import { startProxy } from "../src/testing/proxy-process.ts";
import { configMap, createAll, sourceOf, untilCached } from "./offline-fixture.ts";

const configMaps = "/api/v1/namespaces/default/configmaps";
const intervalMs = 400;
const intervals = 8;
const assets = findAssets();

// Over HTTP/2 a probe shares the connection of the watch, and speaks for it; the fake apiserver has HTTP/1.1 only.
describe.skipIf(assets === undefined)("a scope of which nothing changes", () => {
  test("answers by itself, however many health intervals long", async () => {
    const apiserver = await startApiserver({ assets: assets ?? "" });
    const { kubeconfig } = apiserver;
    const proxy = await startProxy({ kubeconfig, flags: [`--health-interval=${intervalMs}ms`] });
    try {
      const direct = { url: apiserver.url, token: apiserver.adminToken, ca: apiserver.ca };
      await createAll(direct, configMaps, [configMap("a", "x")]);
      await call(proxy, configMaps);
      await untilCached(proxy, configMaps);
      const sources = new Map<string, number>();
      const end = performance.now() + intervals * intervalMs;
      while (performance.now() < end) {
        const source = sourceOf(await call(proxy, configMaps));
        sources.set(source, (sources.get(source) ?? 0) + 1);
      }
      expect([...sources.keys()]).toEqual(["cache"]);
    } finally {
      await proxy.stop();
      await apiserver.stop();
    }
  }, 60_000);
});
