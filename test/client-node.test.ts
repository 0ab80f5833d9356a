import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import { CoreV1Api, KubeConfig, makeInformer, type V1ConfigMap } from "@kubernetes/client-node";

import { waitUntil } from "../src/testing/child-process.ts";
import { call } from "../src/testing/contract-client.ts";
import { type ContractUpstream, startContractUpstream } from "../src/testing/contract-upstream.ts";
import { type ProxyProcess, startProxy } from "../src/testing/proxy-process.ts";

const namespace = "default";
const path = `/api/v1/namespaces/${namespace}/configmaps`;

describe("the informer of @kubernetes/client-node", () => {
  let upstream: ContractUpstream;
  let proxy: ProxyProcess;

  beforeAll(async () => {
    upstream = await startContractUpstream();
    proxy = await startProxy({ kubeconfig: upstream.kubeconfig });
  }, 90_000);

  afterAll(async () => {
    await proxy?.stop();
    await upstream?.stop();
  }, 30_000);

  /** An informer through the proxy, what it has told, and how to end it. */
  const start = async (labelSelector?: string) => {
    const config = new KubeConfig();
    config.loadFromClusterAndUser(
      // It takes http from nobody who has not said so.
      { name: "proxy", server: proxy.url, skipTLSVerify: true },
      { name: "nobody" },
    );
    const api = config.makeApiClient(CoreV1Api);
    const list = () =>
      api.listNamespacedConfigMap({
        namespace,
        ...(labelSelector === undefined ? {} : { labelSelector }),
      });
    const informer = makeInformer<V1ConfigMap>(config, path, list, labelSelector);
    const told: string[] = [];
    for (const verb of ["add", "update", "delete"] as const) {
      informer.on(verb, ({ metadata }) => void told.push(`${verb} ${metadata?.name}`));
    }
    informer.on("error", (error) => void told.push(`error ${String(error)}`));
    await informer.start();
    return { informer, told };
  };

  /** A write around the proxy. */
  const write = async (method: "POST" | "PATCH" | "DELETE", name: string, body?: object) => {
    const answer = await call(upstream, method === "POST" ? path : `${path}/${name}`, {
      method,
      ...(body === undefined ? {} : { body }),
      ...(method === "PATCH" ? { contentType: "application/merge-patch+json" } : {}),
    });
    expect(answer.status, answer.text).toBeLessThan(300);
  };

  test("sees objects come, change and go", async () => {
    await write("POST", "old", { metadata: { name: "old" } });
    const { informer, told } = await start();
    try {
      await waitUntil("old is seen", () => told.includes("add old"));
      await write("POST", "new", { metadata: { name: "new" }, data: { a: "1" } });
      await waitUntil("new is seen", () => told.includes("add new"));
      await write("PATCH", "new", { data: { a: "2" } });
      await waitUntil("the change is seen", () => told.includes("update new"));
      expect(informer.get("new", namespace)?.data).toEqual({ a: "2" });
      await write("DELETE", "new");
      await waitUntil("the end is seen", () => told.includes("delete new"));
      expect(told.filter((each) => each.endsWith(" new"))).toEqual([
        "add new",
        "update new",
        "delete new",
      ]);
    } finally {
      await informer.stop();
    }
  }, 60_000);

  test("sees an object leave its selector", async () => {
    await write("POST", "chosen", { metadata: { name: "chosen", labels: { is: "chosen" } } });
    const { informer, told } = await start("is=chosen");
    try {
      await waitUntil("it is seen", () => told.includes("add chosen"));
      await write("PATCH", "chosen", { metadata: { labels: { is: "left" } } });
      await waitUntil("it has left", () => told.includes("delete chosen"));
      expect(told).toEqual(["add chosen", "delete chosen"]);
    } finally {
      await informer.stop();
    }
  }, 60_000);
});
