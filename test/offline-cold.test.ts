import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rm } from "node:fs/promises";

import { waitUntil } from "../src/testing/child-process.ts";
import {
  call,
  callBytes,
  type Endpoint,
  expectStatus,
  json,
  type Loose,
  names,
  summary,
  type Watch,
  watch,
} from "../src/testing/contract-client.ts";
import { type Apiserver, findAssets, startApiserver } from "../src/testing/envtest.ts";
import { AuditLog } from "./offline-audit.ts";
import { bytesIn, untilStored } from "./offline-disk.ts";
import {
  configMap,
  createAll,
  createNamespaces,
  exactly,
  type Link,
  must,
  Node,
  sourceOf,
  startLink,
  untilCached,
} from "./offline-fixture.ts";

const assets = findAssets();
const everywhere = "/api/v1/configmaps";
const inShop = "/api/v1/namespaces/shop/configmaps";
const inBank = "/api/v1/namespaces/bank/configmaps";
const podsInBank = "/api/v1/namespaces/bank/pods";
const secretsInShop = "/api/v1/namespaces/shop/secrets";
const protobuf = { headers: { Accept: "application/vnd.kubernetes.protobuf" } };
const watchList =
  "watch=1&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
const annotation = "k8s.io/initial-events-end";

if (assets === undefined) {
  describe("a start without the apiserver", () => {
    test.skip("no kube-apiserver was found", () => {});
  });
} else {
  describe("a start without the apiserver", () => {
    const audit = new AuditLog();
    let apiserver: Apiserver;
    let direct: Endpoint;
    let link: Link;
    let node: Node;
    /** A watch that is opened while upstream is away, and goes on when it is back. */
    let waiting: Watch;

    beforeAll(async () => {
      apiserver = await startApiserver({ assets, flags: audit.flags });
      direct = { url: apiserver.url, ca: apiserver.ca, token: apiserver.adminToken };
      link = await startLink(apiserver.port);
      const { kubeconfig } = apiserver;
      node = await Node.create({ kubeconfig, server: `https://127.0.0.1:${link.port}` });
      await createNamespaces(direct, ["shop", "bank"]);
      const many = Array.from({ length: 30 }, (_, index) =>
        configMap(`cm-${index}`, index % 3 === 0 ? "till" : "door", "in-the-clear"),
      );
      for (const path of [inShop, inBank]) await createAll(direct, path, many);
      const secret = { metadata: { name: "key" }, stringData: { key: "never-on-disk" } };
      await must(direct, secretsInShop, { method: "POST", body: secret });
      await node.start();
      for (const path of [everywhere, podsInBank, secretsInShop]) {
        await call(node, path);
        await untilCached(node, path);
      }
      for (let count = 0; count < 2; count++) await callBytes(node, inShop, protobuf);
      const written = await must(direct, `${inShop}/cm-0`, touch("before"));
      const reached = Number(json(written).metadata.resourceVersion);
      await untilStored(
        node.cacheDir,
        ["configmaps, json", "configmaps in shop, protobuf"],
        reached,
      );
      await untilStored(node.cacheDir, ["pods in bank, json"], 1);
      await node.kill();
      await link.cut();
      await audit.forget();
      await node.start();
    }, 90_000);

    afterAll(async () => {
      waiting?.close();
      await node?.stop();
      await link?.cut();
      await apiserver?.stop();
      await rm(audit.dir, { recursive: true, force: true });
    }, 30_000);

    test("answers lists and objects as the apiserver would have, and says how old they are", async () => {
      for (const path of [
        everywhere,
        inShop,
        `${inBank}?labelSelector=app%3Dtill`,
        `${everywhere}?fieldSelector=metadata.name%3Dcm-7`,
        `${everywhere}?fieldSelector=metadata.namespace%3Dbank&labelSelector=app%21%3Dtill`,
        `${everywhere}?resourceVersion=0`,
        podsInBank,
      ]) {
        const answer = await call(node, path);
        expect([path, answer.status, sourceOf(answer)]).toEqual([path, 200, "stale"]);
        expect(answer.headers.get("age")).toMatch(/^[0-9]+$/);
        const { resourceVersion } = json(answer).metadata;
        const plain = path.replace("?resourceVersion=0", "");
        expect(answer.text).toBe((await must(direct, exactly(plain, resourceVersion))).text);
      }
      expect(json(await call(node, podsInBank)).items).toEqual([]);
      const one = await call(node, `${inShop}/cm-3`);
      expect([one.status, sourceOf(one)]).toEqual([200, "stale"]);
      expect(one.text).toBe((await must(direct, `${inShop}/cm-3`)).text);
    });

    test("answers in protobuf, from a scope of its own", async () => {
      const list = await callBytes(node, inShop, protobuf);
      expect([list.status, list.headers.get("x-edge-proxy")]).toEqual([200, "stale"]);
      expect(list.bytes.toString("latin1")).toContain("cm-29");
      const one = await callBytes(node, `${inShop}/cm-3`, protobuf);
      expect(one.bytes.equals((await callBytes(direct, `${inShop}/cm-3`, protobuf)).bytes)).toBe(
        true,
      );
    });

    test("what a held scope does not have is not found", async () => {
      const answer = await call(node, `${inShop}/none`);
      expect(sourceOf(answer)).toBe("stale");
      expect(answer.text).toBe((await call(direct, `${inShop}/none`)).text);
      expect(answer.status).toBe(404);
    });

    test("pages, by tokens that go on", async () => {
      const seen: string[] = [];
      let token = "";
      do {
        const from = token === "" ? "" : `&continue=${encodeURIComponent(token)}`;
        const page = json(await must(node, `${everywhere}?limit=17${from}`));
        expect(page.items.length).toBeLessThanOrEqual(17);
        seen.push(...page.items.map((item: Loose) => item.metadata.uid));
        token = page.metadata.continue ?? "";
      } while (token !== "");
      const all = json(await must(direct, everywhere)).items;
      expect(seen).toEqual(all.map((item: Loose) => item.metadata.uid));
    });

    test("an informer's first watch gets all, the bookmark that ends it, and stays open", async () => {
      waiting = await watch(node, `${inShop}?${watchList}`);
      expect([waiting.response.status, sourceOf(waiting.response)]).toEqual([200, "stale"]);
      const list = json(await must(node, inShop));
      const events = await waiting.take(31);
      expect(summary(events)).toEqual([...names(list).map((name) => `ADDED ${name}`), "BOOKMARK"]);
      expect(events[30].object.metadata).toEqual({
        resourceVersion: list.metadata.resourceVersion,
        annotations: { [annotation]: "true" },
      });
      const none = await watch(node, `${podsInBank}?${watchList}`);
      expect(summary(await none.take(1))).toEqual(["BOOKMARK"]);
      expect([waiting.isEnded, none.isEnded]).toEqual([false, false]);
      none.close();
    });

    test("a watch from a version that was reached stays open, one from the future is told so", async () => {
      const { resourceVersion } = json(await must(node, inShop)).metadata;
      const open = await watch(node, `${inShop}?watch=1&resourceVersion=${resourceVersion}`);
      expect([open.response.status, sourceOf(open.response)]).toEqual([200, "stale"]);
      open.close();
      const future = await call(node, `${inShop}?resourceVersion=99999999`);
      expectStatus(future, 504, { reason: "Timeout" });
      expect(future.headers.get("retry-after")).toBeNull();
    });

    test("what was never seen is refused, and is no empty list", async () => {
      for (const path of [
        "/apis/apps/v1/namespaces/shop/deployments",
        "/api/v1/namespaces/shop/pods",
        secretsInShop,
        `${secretsInShop}/key`,
        `${inShop}?watch=1&resourceVersion=1&shardSelector=x`,
        "/api/v1/services?watch=1",
      ]) {
        const answer = await call(node, path);
        expectStatus(answer, 503, { reason: "ServiceUnavailable" });
        expect(answer.headers.get("retry-after")).toBeNull();
        expect(json(answer).message).toContain("unreachable since");
      }
    });

    test("writes and reviews are refused at once", async () => {
      const review = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
      for (const [method, path] of [
        ["POST", inShop],
        ["PUT", `${inShop}/cm-1`],
        ["PATCH", `${inShop}/cm-1`],
        ["DELETE", `${inShop}/cm-1`],
        ["POST", review],
      ] as const) {
        const body = method === "DELETE" ? {} : { body: configMap("cm-1", "till") };
        const answer = await call(node, path, { method, ...body });
        expectStatus(answer, 503, { reason: "ServiceUnavailable" });
        expect(answer.headers.get("retry-after")).toBeNull();
        expect(sourceOf(answer)).toBe("reject");
      }
    });

    test("is alive, and says what it lacks to be ready", async () => {
      const admin = { url: node.adminUrl };
      expect((await call(admin, "/livez")).status).toBe(200);
      const ready = await call(admin, "/readyz?verbose");
      expect(ready.text).toContain(`https://127.0.0.1:${link.port} has not answered since`);
      expect(ready.text).toMatch(/^\[-\]upstream/m);
    });

    test("secrets are not in the folder, in any form; what may be there is", async () => {
      const bytes = await bytesIn(node.cacheDir);
      expect(bytes.includes("in-the-clear")).toBe(true);
      expect(bytes.includes("never-on-disk")).toBe(false);
      expect(bytes.includes(Buffer.from("never-on-disk").toString("base64"))).toBe(false);
    });

    test("when the apiserver is back its watches go on: all is as it is there, and nothing was listed", async () => {
      await must(direct, `${inShop}/cm-0`, touch("meanwhile"));
      await must(direct, `${inShop}/cm-1`, { method: "DELETE" });
      const before = waiting.events.length;
      await link.restore();
      await waitUntil("what was missed is told", () => waiting.events.length >= before + 2, 20);
      expect(summary(waiting.events.slice(before))).toEqual(["MODIFIED cm-0", "DELETED cm-1"]);
      const living = setInterval(
        () => void must(direct, `${secretsInShop}/key`, touch(String(Date.now()))),
        200,
      );
      try {
        const list = await untilCached(node, everywhere);
        const { resourceVersion } = json(list).metadata;
        expect(list.text).toBe((await must(direct, exactly(everywhere, resourceVersion))).text);
        expect(list.headers.get("age")).toBeNull();
      } finally {
        clearInterval(living);
      }
      const asked = await audit.ofProxy("configmaps");
      const full = asked.filter(
        ({ verb, uri }) =>
          (verb === "list" && !uri.includes("limit=1")) || uri.includes("sendInitialEvents"),
      );
      expect(full).toEqual([]);
    }, 40_000);
  });
}

function touch(value: string) {
  const metadata = { annotations: { value } };
  return { method: "PATCH", body: { metadata }, contentType: "application/merge-patch+json" };
}
