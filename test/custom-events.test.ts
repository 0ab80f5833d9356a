import { describe, expect, test } from "bun:test";

import { call } from "../src/testing/contract-client.ts";
import { installCustomType } from "../src/testing/contract-fixture.ts";
import { findAssets, startApiserver } from "../src/testing/envtest.ts";
import { startProxy } from "../src/testing/proxy-process.ts";
import { createAll, untilCached } from "./offline-fixture.ts";

const path = "/apis/example.com/v1/namespaces/default/events";
const writes = 60;
const assets = findAssets();

const event = (name: string) => ({
  apiVersion: "example.com/v1",
  kind: "Event",
  metadata: { name },
});

// The fake apiserver's watch is never behind its answers.
describe.skipIf(assets === undefined)("events of a group of its own", () => {
  test("are not core's: a LIST shows what was written right before", async () => {
    const apiserver = await startApiserver({ assets: assets ?? "" });
    const { url, adminToken: token, ca, kubeconfig } = apiserver;
    const direct = { url, token, ca };
    const proxy = await startProxy({ kubeconfig });
    try {
      await installCustomType(direct, { plural: "events", kind: "Event" });
      await createAll(direct, path, [event("first")]);
      await call(proxy, path);
      await untilCached(proxy, path);
      const missed: string[] = [];
      for (let count = 1; count <= writes; count++) {
        const name = `e-${count}`;
        expect((await call(proxy, path, { method: "POST", body: event(name) })).status).toBe(201);
        const { text } = await call(proxy, path);
        if (!text.includes(`"name":"${name}"`)) missed.push(name);
      }
      expect(missed).toEqual([]);
    } finally {
      await proxy.stop();
      await apiserver.stop();
    }
  }, 60_000);
});
