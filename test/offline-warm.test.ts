import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rm } from "node:fs/promises";

import { waitUntil } from "../src/testing/child-process.ts";
import {
  call,
  callBytes,
  type Endpoint,
  json,
  type Loose,
  names,
  type Watch,
  watch,
} from "../src/testing/contract-client.ts";
import { type Apiserver, findAssets, startApiserver } from "../src/testing/envtest.ts";
import { AuditLog } from "./offline-audit.ts";
import { listVersion, untilStored } from "./offline-disk.ts";
import {
  and,
  configMap,
  createAll,
  createNamespaces,
  exactly,
  must,
  Node,
  sourceOf,
  untilCached,
} from "./offline-fixture.ts";

const assets = findAssets();
const inShop = "/api/v1/namespaces/shop/configmaps";
const inBank = "/api/v1/namespaces/bank/configmaps";
const ofTill = "/api/v1/configmaps?labelSelector=app%3Dtill";
const others = "/api/v1/namespaces/bank/secrets";
const protobuf = { headers: { Accept: "application/vnd.kubernetes.protobuf" } };
const scopes = [
  "configmaps in shop, json",
  "configmaps in bank, json",
  "configmaps in shop, protobuf",
  "configmaps (app=till), json",
];
const shown = [
  [inShop, "json"],
  [inBank, "json"],
  [ofTill, "json"],
  [inShop, "protobuf"],
] as const;

if (assets === undefined) {
  describe("a warm start", () => {
    test.skip("no kube-apiserver was found", () => {});
  });
} else {
  describe("a warm start", () => {
    const audit = new AuditLog();
    let apiserver: Apiserver;
    let direct: Endpoint;
    let node: Node;
    /** The list before the kill, and the resourceVersions that clients had seen by then. */
    let before: Loose;
    const open: Watch[] = [];
    let living: ReturnType<typeof setInterval> | undefined;

    beforeAll(async () => {
      apiserver = await startApiserver({ assets, flags: audit.flags });
      direct = { url: apiserver.url, ca: apiserver.ca, token: apiserver.adminToken };
      node = await Node.create({ kubeconfig: apiserver.kubeconfig });
      await createNamespaces(direct, ["shop", "bank"]);
      const many = Array.from({ length: 40 }, (_, index) =>
        configMap(`cm-${index}`, index % 2 === 0 ? "till" : "door"),
      );
      for (const path of [inShop, inBank]) await createAll(direct, path, many);
      await must(direct, others, { method: "POST", body: { metadata: { name: "n1" } } });
      await node.start();
      for (const [path, form] of shown) {
        const options = form === "json" ? {} : protobuf;
        for (let count = 0; count < 2; count++) await call(node, path, options);
      }
      for (const path of [inShop, inBank, ofTill]) await untilCached(node, path);
      const written = await must(direct, `${inShop}/cm-0`, patch({ value: "last" }));
      await must(direct, `${inBank}/cm-0`, patch({ value: "last" }));
      await waitUntil(
        "the write is seen",
        async () => json(await must(node, `${inBank}/cm-0`)).data.value === "last",
      );
      const reached = Number(json(written).metadata.resourceVersion);
      await untilStored(node.cacheDir, scopes, reached);
      before = json(await untilCached(node, ofTill));
      await node.kill();
      await writeAround();
      await audit.forget();
      // A cluster lives: leases alone move its revision every second.
      living = setInterval(
        () =>
          void must(direct, `${others}/n1`, {
            ...patch({}),
            body: { metadata: { labels: { at: `t${Date.now()}` } } },
          }),
        200,
      );
      await node.start();
    }, 90_000);

    afterAll(async () => {
      clearInterval(living);
      for (const each of open) each.close();
      await node?.stop();
      await apiserver?.stop();
      await rm(audit.dir, { recursive: true, force: true });
    }, 30_000);

    /** What a client that was cut off by the kill has missed: each type of event, objects that come to be selected, and that cease to. */
    const writeAround = async () => {
      for (const path of [inShop, inBank]) {
        await createAll(direct, path, [configMap("new-1", "till"), configMap("new-2", "door")]);
        await must(direct, `${path}/cm-2`, { method: "DELETE" });
        await must(direct, `${path}/cm-4`, patch({ value: "2" }));
        await must(direct, `${path}/cm-4`, patch({ value: "3" }));
        await must(direct, `${path}/cm-6`, patch({}, "door"));
        await must(direct, `${path}/cm-7`, patch({}, "till"));
        await must(direct, `${path}/cm-8`, { method: "DELETE" });
        await must(direct, path, { method: "POST", body: configMap("cm-8", "till") });
      }
    };

    test("shows the last state at once to who takes any, and says that it is old", async () => {
      const answer = await must(node, and(ofTill, "resourceVersion=0"));
      expect(["stale", "cache"]).toContain(sourceOf(answer));
      if (sourceOf(answer) === "stale") expect(answer.headers.get("age")).toMatch(/^[0-9]+$/);
      const { resourceVersion } = json(answer).metadata;
      expect(Number(resourceVersion)).toBeGreaterThanOrEqual(
        Number(before.metadata.resourceVersion),
      );
      expect(answer.text).toBe((await must(direct, exactly(ofTill, resourceVersion))).text);
    });

    test("tells a watch from before the kill all that it has missed, each event once", async () => {
      const { resourceVersion } = before.metadata;
      for (const [path, missed] of [
        [inShop, 9],
        [ofTill, 16],
        [`${inShop}?fieldSelector=metadata.name%3Dcm-8`, 2],
      ] as const) {
        const ours = await watch(node, since(path, resourceVersion));
        const theirs = await watch(direct, since(path, resourceVersion));
        open.push(ours, theirs);
        expect(sourceOf(ours.response)).toMatch(/^(?:stale|cache)$/);
        const end = crypto.randomUUID();
        await must(direct, `${inShop}/cm-8`, patch({ value: end }));
        for (const each of [theirs, ours])
          await waitUntil(
            "the last event has come",
            () => changes(each).at(-1)?.object.data.value === end,
          );
        expect(changes(ours)).toEqual(changes(theirs));
        expect(changes(ours).length).toBeGreaterThan(missed);
      }
    }, 30_000);

    test("asks upstream until a read has shown the scope to be up to date, within 5 s, then answers it", async () => {
      await Promise.all(
        shown.map(async ([path, form]) => {
          const options = form === "json" ? {} : protobuf;
          const first = await call(node, path, options);
          expect(["upstream", "cache"]).toContain(sourceOf(first));
          const answer = await untilCached(node, path, options, 5);
          expect(answer.headers.get("age")).toBeNull();
          const [mine, theirs] = [
            await callBytes(node, path, options),
            await callBytes(direct, path, options),
          ];
          const resourceVersion = listVersion(mine.bytes, form);
          const exact = await callBytes(direct, exactly(path, resourceVersion), options);
          expect(mine.bytes.equals(exact.bytes)).toBe(true);
          expect(names(json(await must(node, path)))).toEqual(
            names(json(await must(direct, path))),
          );
          expect(mine.bytes.length).toBe(theirs.bytes.length);
        }),
      );
    }, 30_000);

    test("lists nothing upstream: its watches go on from where they were", async () => {
      const asked = await audit.ofProxy("configmaps");
      const full = asked.filter(
        ({ verb, uri }) =>
          (verb === "list" && !uri.includes("limit=1")) ||
          (verb === "watch" &&
            (uri.includes("sendInitialEvents") || !/resourceVersion=[1-9]/.test(uri))),
      );
      expect(full).toEqual([]);
      expect(asked.filter(({ verb }) => verb === "watch").length).toBeGreaterThanOrEqual(
        scopes.length,
      );
    });
  });
}

/** A watch from there on. */
function since(path: string, version: string): string {
  return and(path, `watch=1&allowWatchBookmarks=true&resourceVersion=${version}`);
}

function changes({ events }: Watch): Loose[] {
  return events.filter(({ type }) => type !== "BOOKMARK");
}

function patch(data: Readonly<Record<string, string>>, app?: string) {
  const metadata = app === undefined ? {} : { labels: { app } };
  return {
    method: "PATCH",
    body: { metadata, data },
    contentType: "application/merge-patch+json",
  };
}
