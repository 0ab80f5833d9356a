import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";

import { waitUntil } from "../src/testing/child-process.ts";
import {
  call,
  type Endpoint,
  json,
  names,
  summary,
  type Watch,
  watch,
} from "../src/testing/contract-client.ts";
import { type Apiserver, findAssets, startApiserver } from "../src/testing/envtest.ts";
import { compact } from "./etcd.ts";
import { storedVersions, untilStored } from "./offline-disk.ts";
import { configMap, createAll, must, Node, untilCached } from "./offline-fixture.ts";

const assets = findAssets();
const configMaps = "/api/v1/namespaces/default/configmaps";
const scope = "configmaps in default, json";

if (assets === undefined) {
  describe("a history that is not there any more", () => {
    test.skip("no kube-apiserver was found", () => {});
  });
} else {
  describe("a history that is not there any more", () => {
    let apiserver: Apiserver;
    let direct: Endpoint;
    let node: Node;
    const open: Watch[] = [];

    beforeAll(async () => {
      // Compacted by hand only.
      apiserver = await startApiserver({ assets, flags: ["--etcd-compaction-interval=0"] });
      direct = { url: apiserver.url, ca: apiserver.ca, token: apiserver.adminToken };
      node = await Node.create({ kubeconfig: apiserver.kubeconfig });
      await createAll(direct, configMaps, [configMap("a", "x"), configMap("b", "x")]);
      await node.start();
      await call(node, configMaps);
      await untilCached(node, configMaps);
    }, 60_000);

    afterEach(() => {
      for (const each of open) each.close();
    });

    afterAll(async () => {
      await node?.stop();
      await apiserver?.stop();
    }, 30_000);

    /** Writes so many times; the last resourceVersion. */
    const write = async (times: number): Promise<number> => {
      let version = 0;
      for (let count = 0; count < times; count++) {
        const body = { data: { value: `${count}` } };
        const options = { method: "PATCH", body, contentType: "application/merge-patch+json" };
        version = Number(
          json(await must(direct, `${configMaps}/a`, options)).metadata.resourceVersion,
        );
      }
      return version;
    };

    const watchFrom = async (version: number) => {
      const each = await watch(node, `${configMaps}?watch=1&resourceVersion=${version}`);
      open.push(each);
      return each;
    };

    const expectSame = async () => {
      const ours = json(await untilCached(node, configMaps));
      const theirs = json(await must(direct, configMaps));
      expect(ours.items).toEqual(theirs.items);
    };

    test("compacted while the proxy was down: it is filled anew, and who goes on is told the difference", async () => {
      const before = await write(5);
      await untilStored(node.cacheDir, [scope], before);
      await node.kill();
      const latest = await write(20);
      await must(direct, `${configMaps}/b`, { method: "DELETE" });
      await createAll(direct, configMaps, [configMap("c", "x")]);
      await compact(apiserver.etcdUrl, latest);
      await apiserver.kill();
      await apiserver.start();
      await node.start();
      const resumed = await watchFrom(before);
      await expectSame();
      expect(names(json(await must(node, configMaps)))).toContain("c");
      expect((await node.output()).match(/WARN/g)?.length ?? 0).toBeLessThanOrEqual(1);
      // The difference, as the relist shield tells it (CONTRACT 14); from inside of it nobody may go on.
      const events = await resumed.take(3, 10);
      expect(summary(events)).toEqual(["DELETED b", "MODIFIED a", "ADDED c"]);
      const late = await watchFrom(before + 1);
      const [error] = await late.take(1);
      expect([error.type, error.object.code]).toEqual(["ERROR", 410]);
    }, 40_000);

    test("of a store that was restored: it is filled anew though nobody reads, who watches is told, and it is said once", async () => {
      const etcd = join(apiserver.dir, "etcd");
      const change = async (work: () => Promise<void>) => {
        await apiserver.kill();
        await apiserver.stopEtcd();
        await work();
        apiserver.startEtcd();
        await apiserver.start();
      };
      await change(() => cp(etcd, `${etcd}.kept`, { recursive: true }));
      const before = await write(400);
      await untilStored(node.cacheDir, [scope], before);
      await node.kill();
      await change(async () => {
        await rm(etcd, { recursive: true });
        await cp(`${etcd}.kept`, etcd, { recursive: true });
      });
      await createAll(direct, configMaps, [configMap("other", "x")]);
      await node.start();
      const expectEnded = async () => {
        const [error] = await (await watchFrom(before)).take(1, 10);
        expect([error.type, error.object.code]).toEqual(["ERROR", 410]);
      };
      // At once, perhaps before upstream is known; and after it: an apiserver would leave it in silence.
      await expectEnded();
      await expectSame();
      const filled = Number(json(await must(node, configMaps)).metadata.resourceVersion);
      expect(filled).toBeLessThan(before);
      await expectEnded();
      const lines = (await node.output()).split("\n").filter((line) => line.includes("WARN"));
      expect(lines).toHaveLength(1);
      expect(lines[0]).toContain("another history");
      await waitUntil(
        "it is on disk",
        () => (storedVersions(node.cacheDir).get(scope) ?? before) < before,
      );
    }, 40_000);
  });
}
