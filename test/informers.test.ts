import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import { call } from "../src/testing/contract-client.ts";
import { installWidgets } from "../src/testing/contract-fixture.ts";
import { type Apiserver, startApiserver } from "../src/testing/envtest.ts";
import { type ProxyProcess, startProxy } from "../src/testing/proxy-process.ts";
import { assets, Informers, informers, missing } from "./informers-program.ts";
import { type Relay, startRelay } from "./model/relay.ts";

const resources = {
  configmaps: "/api/v1/namespaces",
  pods: "/api/v1/namespaces",
  widgets: "/apis/example.com/v1/namespaces",
} as const;

if (missing !== undefined) {
  describe("client-go's informers", () => {
    test.skip(missing ?? "", () => {});
  });
} else {
  let apiserver: Apiserver;
  let upstreamLink: Relay;
  let clientLink: Relay;
  let proxy: ProxyProcess;

  beforeAll(async () => {
    apiserver = await startApiserver({ assets: assets ?? "" });
    const direct = directly();
    await installWidgets({ ...direct, direct, isFake: false, version: apiserver.version });
    upstreamLink = await startRelay(apiserver.port);
    const { kubeconfig } = apiserver;
    proxy = await startProxy({ kubeconfig, server: `https://127.0.0.1:${upstreamLink.port}` });
    clientLink = await startRelay(Number(new URL(proxy.url).port));
  }, 90_000);

  afterAll(async () => {
    clientLink?.stop();
    await proxy?.stop();
    upstreamLink?.stop();
    await apiserver?.stop();
  }, 30_000);

  const directly = () => ({
    url: apiserver.url,
    ca: apiserver.ca,
    token: apiserver.adminToken,
  });

  /** The same write to an object of each resource, around the proxy. */
  const writeAll = async (namespace: string, name: string, method: "POST" | "PATCH" | "DELETE") => {
    for (const [resource, prefix] of Object.entries(resources)) {
      const path = `${prefix}/${namespace}/${resource}${method === "POST" ? "" : `/${name}`}`;
      const annotations = { changed: crypto.randomUUID() };
      const metadata = method === "POST" ? { name } : { annotations };
      const type = resource === "widgets" ? { apiVersion: "example.com/v1", kind: "Widget" } : {};
      const spec = { containers: [{ name: "c", image: "i" }] };
      const whole = method === "POST" && resource === "pods" ? { spec } : {};
      const answer = await call(directly(), path, {
        method,
        ...(method === "DELETE" ? {} : { body: { ...type, metadata, ...whole } }),
        ...(method === "PATCH" ? { contentType: "application/merge-patch+json" } : {}),
      });
      expect(answer.status, answer.text).toBeLessThan(300);
    }
  };

  describe.each([
    ["with WatchList", "true"],
    ["without WatchList", "false"],
  ] as const)("client-go's informers %s", (title, watchList) => {
    const namespace = title.replaceAll(" ", "-").toLowerCase();
    let run: Informers;

    beforeAll(async () => {
      const body = { metadata: { name: namespace } };
      await call(directly(), "/api/v1/namespaces", { method: "POST", body });
      await writeAll(namespace, "old", "POST");
      run = new Informers(`http://127.0.0.1:${clientLink.port}`, namespace, watchList);
    });

    afterAll(() => run?.stop());

    test("sync with what is there", async () => {
      await run.all("synced");
      await run.all("add", "old");
      const asked = run.requests();
      const lists = asked.filter(({ url }) => !url?.includes("watch=true"));
      expect(lists.length).toBe(watchList === "true" ? 0 : informers.length);
      const initial = asked.filter(({ url }) => url?.includes("sendInitialEvents=true"));
      expect(initial.length).toBe(watchList === "true" ? informers.length : 0);
      expect(asked.map(({ status }) => status)).toEqual(asked.map(() => 200));
      const encoded = asked.filter(({ informer }) => informer.endsWith("protobuf"));
      for (const { contentType } of encoded)
        expect(contentType).toStartWith("application/vnd.kubernetes.protobuf");
    }, 30_000);

    test("see an object come, change and go, from the cache", async () => {
      await writeAll(namespace, "new", "POST");
      await run.all("add", "new");
      await writeAll(namespace, "new", "PATCH");
      await run.all("update", "new");
      await writeAll(namespace, "new", "DELETE");
      await run.all("delete", "new");
      const watches = run.requests().filter(({ url }) => url?.includes("watch=true"));
      expect(watches.map((each) => each.source)).toEqual(watches.map(() => "cache"));
    }, 60_000);

    test("go on without a list when their own link is cut", async () => {
      const before = run.lines.length;
      clientLink.cut("all");
      await writeAll(namespace, "old", "PATCH");
      await run.all("update", "old", before);
      const again = run.requests(before).map(({ url }) => url ?? "");
      expect(again.length).toBeGreaterThanOrEqual(informers.length);
      for (const url of again) {
        expect(url).toContain("watch=true");
        expect(url).toMatch(/resourceVersion=[1-9]/);
        expect(url).not.toContain("sendInitialEvents=true");
      }
    }, 60_000);

    test("do not notice when the proxy's link is cut", async () => {
      const before = run.lines.length;
      upstreamLink.cut("all");
      await writeAll(namespace, "old", "PATCH");
      await run.all("update", "old", before);
      expect(run.requests(before)).toEqual([]);
      expect(
        run.lines.slice(before).filter(({ what }) => what === "add" || what === "delete"),
      ).toEqual([]);
    }, 60_000);
  });
}
