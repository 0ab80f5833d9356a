import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import { waitUntil } from "../src/testing/child-process.ts";
import { call, callBytes, type Endpoint, json } from "../src/testing/contract-client.ts";
import { installWidgets } from "../src/testing/contract-fixture.ts";
import { type Apiserver, startApiserver } from "../src/testing/envtest.ts";
import { assets, Informers, missing } from "./informers-program.ts";
import { storedVersions } from "./offline-disk.ts";
import { configMap, createAll, type Link, must, Node, startLink } from "./offline-fixture.ts";

const namespace = "/api/v1/namespaces/default";
const widgets = "/apis/example.com/v1/namespaces/default/widgets";
const paths = [`${namespace}/configmaps`, `${namespace}/pods`];
const protobuf = { headers: { Accept: "application/vnd.kubernetes.protobuf" } };
const objects = 50;

if (missing !== undefined) {
  describe("client-go's informers, started offline", () => {
    test.skip(missing ?? "", () => {});
  });
} else {
  describe("client-go's informers, started offline", () => {
    let apiserver: Apiserver;
    let direct: Endpoint;
    let link: Link;
    let node: Node;

    beforeAll(async () => {
      apiserver = await startApiserver({ assets: assets ?? "" });
      direct = { url: apiserver.url, ca: apiserver.ca, token: apiserver.adminToken };
      await installWidgets({ ...direct, direct, isFake: false, version: apiserver.version });
      link = await startLink(apiserver.port);
      const server = `https://127.0.0.1:${link.port}`;
      node = await Node.create({ kubeconfig: apiserver.kubeconfig, server });
      const many = Array.from({ length: objects }, (_, index) => configMap(`cm-${index}`, "a"));
      await createAll(direct, `${namespace}/configmaps`, many);
      const pod = { metadata: { name: "p" }, spec: { containers: [{ name: "c", image: "i" }] } };
      await createAll(direct, `${namespace}/pods`, [pod]);
      const widget = { apiVersion: "example.com/v1", kind: "Widget", metadata: { name: "w" } };
      await createAll(direct, widgets, [widget]);
      await node.start();
      for (let count = 0; count < 2; count++) {
        for (const path of [...paths, widgets]) await call(node, path);
        for (const path of paths) await callBytes(node, path, protobuf);
      }
      await waitUntil("all is on disk", () => storedVersions(node.cacheDir).size === 5);
      await node.kill();
      await link.cut();
      await node.start();
    }, 90_000);

    afterAll(async () => {
      await node?.stop();
      await link?.cut();
      await apiserver?.stop();
    }, 30_000);

    test.each([
      ["with WatchList", "true"],
      ["without WatchList", "false"],
    ] as const)(
      "sync %s: they have all that was there",
      async (_, watchList) => {
        const run = new Informers(node.url, "default", watchList);
        try {
          await run.all("synced");
          const counts = run.lines
            .filter(({ what }) => what === "synced")
            .map(({ informer, count }) => [informer, count]);
          expect(Object.fromEntries(counts)).toEqual({
            "configmaps json": objects,
            "configmaps protobuf": objects,
            "pods json": 1,
            "pods protobuf": 1,
            "widgets dynamic": 1,
          });
          expect(run.requests().map(({ source }) => source)).toEqual(
            run.requests().map(() => "stale"),
          );
        } finally {
          await run.stop();
        }
      },
      30_000,
    );

    test("go on when the apiserver is back: they see what they have missed, and list nothing", async () => {
      const run = new Informers(node.url, "default", "true");
      try {
        await run.all("synced");
        const from = run.lines.length;
        for (const path of paths) {
          const [first] = json(await must(direct, path)).items;
          const body = { metadata: { labels: { late: "yes" } } };
          const options = { method: "PATCH", body, contentType: "application/merge-patch+json" };
          await must(direct, `${path}/${first.metadata.name}`, options);
        }
        await link.restore();
        const late = () => run.lines.slice(from).filter(({ what }) => what === "update").length;
        await waitUntil("they are told", () => late() === 4, 20);
        expect(run.requests(from)).toEqual([]);
      } finally {
        await run.stop();
      }
    }, 40_000);
  });
}
