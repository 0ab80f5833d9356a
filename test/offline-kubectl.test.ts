import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";

import { waitUntil } from "../src/testing/child-process.ts";
import { call, type Endpoint, json } from "../src/testing/contract-client.ts";
import { type Apiserver, findAssets, startApiserver } from "../src/testing/envtest.ts";
import { untilKept, untilStored } from "./offline-disk.ts";
import {
  configMap,
  createAll,
  type Link,
  must,
  Node,
  sourceOf,
  startLink,
  untilCached,
} from "./offline-fixture.ts";

const assets = findAssets();
const configMaps = "/api/v1/configmaps";
const podsOf = (namespace: string) => `/api/v1/namespaces/${namespace}/pods`;
const warning = /^Warning: .* is \d+ s old: .* has not answered since$/m;

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** What kubectl prints for what the node has seen, and that it says how old it is. */
const shown: readonly (readonly [args: string, out: RegExp])[] = [
  // A Table that was asked for before, and one that was not: kubectl takes plain objects.
  ["get configmaps", /^cm-3 +1 +\d+[ms]/m],
  ["get configmaps -n bank", /^cm-3 +/m],
  ["get configmap cm-3", /^cm-3 +/m],
  ["get configmaps -A", /^bank +cm-3 +/m],
  ["get pods", /^web +/m],
  ["get pods -o wide", /^web +/m],
  ["get pod web -n bank", /^web +/m],
  ["get configmaps,pods", /^pod\/web +/m],
  ["get configmaps --show-labels", /app=till/],
  // The same, asked with a limit of time or in another spelling.
  ["get configmaps --request-timeout=5s", /^cm-3 +1 +\d+[ms]/m],
  ["get configmaps -o name --request-timeout=1m", /^configmap\/cm-3$/m],
  ["version --request-timeout=7s", /^Server Version: v1\./m],
  ["api-versions --request-timeout=7s", /^apps\/v1$/m],
  // Selectors and namespaces.
  ["get configmaps -l app=till -A", /^bank +cm-9 +/m],
  ["get configmaps -l app!=till,app -o name", /^configmap\/cm-1$/m],
  ["get configmaps --field-selector metadata.name=cm-7", /^cm-7 +/m],
  ["get pods -A --field-selector spec.nodeName=n1", /^bank +web +/m],
  ["get namespaces", /^shop +/m],
  // Forms.
  ["get configmap cm-3 -o yaml", /^ {2}value: "1"$/m],
  ["get configmaps -o json", /"kind": "List"/],
  ["get configmaps -o jsonpath={.items[*].metadata.name}", /cm-3 cm-4/],
  ["get configmaps --sort-by=.metadata.name", /^cm-3 +/m],
  ["get configmaps --chunk-size=4 -o name", /^configmap\/cm-9$/m],
  ["describe configmap cm-3", /value:\n----\n1\n/],
  ["describe configmap cm-4 --show-events=false", /value:\n----\n1\n/],
  ["describe pod web --show-events=false", /^Node: +n1/m],
  // What is known of types.
  ["api-resources", /^configmaps +cm /m],
  ["api-versions", /^apps\/v1$/m],
  ["explain configmap.data", /FIELD: data/],
  ["explain pod.spec --recursive", /nodeName\t<string>/],
  ["version", /^Server Version: v1\./m],
  ["wait configmap/cm-3 --for=jsonpath={.data.value}=1 --timeout=5s", /condition met/],
  ["wait pod/web --for=create --timeout=5s", /condition met/],
];

const objectOf = "/api/v1/namespaces/shop/configmaps";

/** What other clients ask for in another spelling: a scope's state, or an answer that kubectl has seen. */
const spelled: readonly (readonly [target: string, source: "stale" | "replay"])[] = [
  [`${objectOf}/cm-3?timeout=5s&timeoutSeconds=5&limit=1`, "stale"],
  [`${objectOf}/cm-3?limit=junk&watch=1&resourceVersionMatch=Exact`, "stale"],
  [`${objectOf}?timeout=1m&watch=0&resourceVersion=0&pretty=false`, "stale"],
  [`${objectOf}?labelSelector=app+in+(till)&timeoutSeconds=9`, "stale"],
  ["/version?timeout=9s&pretty=true", "replay"],
  ["/openapi/v3?timeout=9s", "replay"],
];

/** Each is refused, and in words. */
const refused: readonly string[] = [
  "get deployments",
  "get secrets",
  "describe configmap cm-4",
  "create configmap no",
  "delete configmap cm-3",
  "label configmap cm-3 a=b",
  "auth can-i list pods",
  "logs web",
];

describe.skipIf(assets === undefined)("kubectl without the apiserver", () => {
  let apiserver: Apiserver;
  let direct: Endpoint;
  let link: Link;
  let node: Node;

  const spawn = (args: string) =>
    Bun.spawn(
      [join(assets ?? "", "kubectl"), "--server", node.url, "-n", "shop", ...args.split(" ")],
      {
        cwd: node.dir,
        env: { HOME: node.dir, KUBECONFIG: "/dev/null" },
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
      },
    );
  const run = async (args: string): Promise<Ran> => {
    const child = spawn(args);
    const [out, err] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    return { code: await child.exited, out, err };
  };

  beforeAll(async () => {
    apiserver = await startApiserver({ assets: assets ?? "" });
    direct = { url: apiserver.url, ca: apiserver.ca, token: apiserver.adminToken };
    link = await startLink(apiserver.port);
    const { kubeconfig } = apiserver;
    node = await Node.create({ kubeconfig, server: `https://127.0.0.1:${link.port}` });
    const many = Array.from({ length: 10 }, (_, index) =>
      configMap(`cm-${index}`, index % 3 === 0 ? "till" : "door"),
    );
    for (const name of ["shop", "bank"]) {
      await must(direct, "/api/v1/namespaces", { method: "POST", body: { metadata: { name } } });
      await createAll(direct, `/api/v1/namespaces/${name}/configmaps`, many);
      const spec = { nodeName: "n1", containers: [{ name: "web", image: "web" }] };
      const body = { metadata: { name: "web" }, spec };
      await must(direct, podsOf(name), { method: "POST", body });
    }
    await node.start();
    for (const path of [configMaps, "/api/v1/pods", "/api/v1/namespaces"]) {
      await call(node, path);
      await untilCached(node, path);
    }
    for (const args of [
      "get configmaps",
      "describe configmap cm-3",
      "api-resources",
      "api-versions",
      "explain configmap.data",
      "version",
    ])
      expect(await run(args)).toMatchObject({ code: 0 });
    for (const part of ["/events", "/openapi/v3/api/v1", "/version"])
      await untilKept(node.cacheDir, part);
    const touch = { method: "PATCH", body: { metadata: { annotations: { a: "b" } } } };
    const contentType = "application/merge-patch+json";
    const path = "/api/v1/namespaces/shop/configmaps/cm-0";
    const written = json(await must(direct, path, { ...touch, contentType }));
    const reached = Number(written.metadata.resourceVersion);
    await untilStored(node.cacheDir, ["configmaps, json"], reached);
    await untilStored(node.cacheDir, ["pods, json", "namespaces, json"], 1);
    await node.kill();
    await link.cut();
    await node.start();
  }, 90_000);

  afterAll(async () => {
    await node?.stop();
    await link?.cut();
    await apiserver?.stop();
  }, 30_000);

  test.each(shown)(
    "%s",
    async (args, out) => {
      const ran = await run(args);
      expect(ran.out, ran.err).toMatch(out);
      expect(ran.code).toBe(0);
      expect(ran.err).toMatch(warning);
    },
    20_000,
  );

  test.each(spelled)("%s is %s", async (target, source) => {
    const answer = await call(node, target);
    expect([answer.status, sourceOf(answer)]).toEqual([200, source]);
  });

  test.each(refused)(
    "%s is refused",
    async (args) => {
      const ran = await run(args);
      expect(ran.code).not.toBe(0);
      expect(ran.err).toContain("unreachable since");
      expect(ran.out).toBe("");
    },
    20_000,
  );

  test.each(["get configmaps -w", "get configmaps -n bank -w", "get pods -A -w -o name"])(
    "%s shows all, and stays open",
    async (args) => {
      const watching = spawn(args);
      let seen = "";
      const reading = (async () => {
        const decoder = new TextDecoder();
        for await (const chunk of watching.stdout) seen += decoder.decode(chunk);
      })();
      const last = args.includes("pods") ? "pod/web\npod/web\n" : "cm-9";
      await waitUntil("all is shown", () => seen.includes(last));
      expect(watching.exitCode).toBeNull();
      watching.kill();
      await reading;
    },
    20_000,
  );
});
