import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";

import { createCertificate } from "../src/testing/certificate.ts";
import { createTemporaryFolder, waitUntil } from "../src/testing/child-process.ts";
import { call, json } from "../src/testing/contract-client.ts";
import { findAssets, startApiserver } from "../src/testing/envtest.ts";
import { type FakeApiserver, startFakeApiserver } from "../src/testing/fake-apiserver.ts";
import { type ProxyProcess, startProxy } from "../src/testing/proxy-process.ts";

/** An apiserver, and kubeconfigs' fields for two credentials of one identity and one of another, which may do nothing. */
interface Upstream {
  readonly url: string;
  readonly token: string;
  readonly cluster: string;
  readonly first: string;
  readonly rotated: string;
  readonly another: string;
  /** How often it was asked who somebody is. */
  reviews(): Promise<number>;
  stop(): Promise<void>;
}

const namespace = "/api/v1/namespaces/default";
const configMaps = `${namespace}/configmaps`;

const reviews = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

async function startFake(): Promise<Upstream> {
  const fake = await startFakeApiserver();
  const { cert, key } = createCertificate();
  const data = `client-certificate-data: ${btoa(cert)}, client-key-data: ${btoa(key)}`;
  return {
    url: fake.url,
    token: fake.adminToken,
    cluster: `server: "${fake.url}"`,
    first: `token: ${fake.adminToken}`,
    rotated: `token: ${fake.adminToken}, ${data}`,
    another: `token: ${fake.aliceToken}`,
    reviews: async () => fake.faults.arrivals({ path: reviews }).length,
    stop: () => fake.stop(),
  };
}

/** Two tokens of one service account differ in their credential-id only. */
async function startReal(assets: string): Promise<Upstream> {
  const server = await startApiserver({ assets });
  const upstream = { url: server.url, token: server.adminToken, ca: server.ca };
  await call(upstream, `${namespace}/serviceaccounts`, {
    method: "POST",
    body: { metadata: { name: "node" } },
  });
  await call(upstream, "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
    method: "POST",
    body: {
      metadata: { name: "node" },
      roleRef: {
        apiGroup: "rbac.authorization.k8s.io",
        kind: "ClusterRole",
        name: "cluster-admin",
      },
      subjects: [{ kind: "ServiceAccount", name: "node", namespace: "default" }],
    },
  });
  const issue = async () => {
    const answer = await call(upstream, `${namespace}/serviceaccounts/node/token`, {
      method: "POST",
      body: { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} },
    });
    return `token: ${json(answer).status.token}`;
  };
  return {
    url: server.url,
    token: server.adminToken,
    cluster: `server: "${server.url}", certificate-authority: "${server.caFile}"`,
    first: await issue(),
    rotated: await issue(),
    another: `token: ${server.aliceToken}`,
    reviews: async () => {
      const { text } = await call(upstream, "/metrics");
      const counts = text.matchAll(/^apiserver_request_total{.*"selfsubjectreviews".*} (\d+)$/gm);
      return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
    },
    stop: () => server.stop(),
  };
}

const assets = findAssets();
const upstreams: [string, () => Promise<Upstream>][] = [["the fake apiserver", startFake]];
if (assets !== undefined) upstreams.push(["kube-apiserver", () => startReal(assets)]);

let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;
let kubeconfig: string;
let proxy: ProxyProcess;

const write = (cluster: string, user: string) =>
  Bun.write(
    kubeconfig,
    `apiVersion: v1
kind: Config
clusters: [{ name: c, cluster: { ${cluster} } }]
users: [{ name: u, user: { ${user} } }]
contexts: [{ name: c, context: { cluster: c, user: u } }]
current-context: c
`,
  );

const list = () => call({ url: proxy.url }, configMaps);
const source = async () => (await list()).headers.get("x-edge-proxy");

const create = (name: string) =>
  call({ url: proxy.url }, configMaps, { method: "POST", body: { metadata: { name } } });

/** A scope that answers, and a watch of it. */
async function warm() {
  await waitUntil("a scope answers", async () => (await source()) === "cache");
  const { resourceVersion } = json(await list()).metadata;
  const response = await fetch(
    `${proxy.url}${configMaps}?watch=1&resourceVersion=${resourceVersion}`,
  );
  expect(response.headers.get("x-edge-proxy")).toBe("cache");
  const seen = { text: "", ended: "no" };
  void (async () => {
    for await (const chunk of response.body!) seen.text += new TextDecoder().decode(chunk);
    seen.ended = "cleanly";
  })().catch(() => (seen.ended = "cut"));
  return seen;
}

const linesWith = async (text: string) =>
  (await proxy.output()).split("\n").filter((line) => line.includes(text));

beforeEach(async () => {
  folder = await createTemporaryFolder("edge-proxy-credentials-test-");
  kubeconfig = `${folder.dir}/kubeconfig`;
});

afterEach(async () => {
  await proxy?.stop();
  await folder.remove();
}, 20_000);

describe.each(upstreams)("credentials that change, before %s", (_, start) => {
  let upstream: Upstream;
  let before: number;

  beforeAll(async () => {
    upstream = await start();
  }, 90_000);

  afterAll(async () => {
    await upstream?.stop();
  }, 30_000);

  beforeEach(async () => {
    await write(upstream.cluster, upstream.first);
    before = await upstream.reviews();
    proxy = await startProxy({ kubeconfig });
  });

  test("to others of the same identity: scopes answer on, no watch is cut, nothing is said", async () => {
    const seen = await warm();
    const asked = async () => (await upstream.reviews()) - before;
    await waitUntil("it is known who they are", async () => (await asked()) === 1);
    await write(upstream.cluster, upstream.rotated);
    proxy.signal("SIGHUP");
    await waitUntil("it is asked again", async () => (await asked()) === 2);
    const name = `seen-${crypto.randomUUID()}`;
    await waitUntil("the watch shows a change", async () => {
      await create(name);
      return seen.text.includes(name);
    });
    expect([await source(), seen.ended]).toEqual(["cache", "no"]);
    expect(await linesWith("credentials belong")).toEqual([]);
    expect(await linesWith("cannot be told")).toEqual([]);
  }, 30_000);

  test("to another identity's: its scopes are gone, their watches end, one line says so", async () => {
    const seen = await warm();
    await write(upstream.cluster, upstream.another);
    proxy.signal("SIGHUP");
    await waitUntil("the watch has ended", () => seen.ended !== "no");
    expect(seen.ended).toBe("cleanly");
    for (let round = 0; round < 3; round++) {
      const answer = await list();
      expect([answer.status, answer.headers.get("x-edge-proxy")]).toEqual([403, "upstream"]);
    }
    expect(await linesWith("the credentials belong to alice, not ")).toHaveLength(1);
  }, 30_000);

  test("in the file alone are found within seconds; the first identity's scopes come back with it", async () => {
    await warm();
    await write(upstream.cluster, upstream.another);
    await waitUntil("they are another's", async () => (await list()).status === 403, 15);
    await write(upstream.cluster, upstream.rotated);
    await waitUntil("they are the first's", async () => (await list()).status === 200, 15);
    await warm();
    expect(await linesWith("the credentials belong to")).toHaveLength(2);
  }, 50_000);
});

describe("an apiserver that does not say whose credentials are", () => {
  let fake: FakeApiserver;

  beforeEach(async () => {
    fake = await startFakeApiserver();
    fake.faults.add({
      kind: "answer",
      code: 404,
      path: reviews,
    });
    await write(`server: "${fake.url}"`, `token: ${fake.adminToken}`);
    proxy = await startProxy({ kubeconfig });
  });

  afterEach(async () => {
    await fake.stop();
  });

  test("scopes and watches go on, and one line says so", async () => {
    const seen = await warm();
    const { cert, key } = createCertificate();
    const data = `client-certificate-data: ${btoa(cert)}, client-key-data: ${btoa(key)}`;
    await write(`server: "${fake.url}"`, `token: ${fake.adminToken}, ${data}`);
    proxy.signal("SIGHUP");
    await waitUntil("it is said", async () => (await linesWith("cannot be told")).length > 0);
    await create("seen");
    await waitUntil("the watch shows a change", () => seen.text.includes('"seen"'));
    expect(await source()).toBe("cache");
    expect(await linesWith("cannot be told")).toHaveLength(1);
  }, 30_000);
});

describe("credentials for another server", () => {
  test("its scopes are filled from there, watchers of the first one get a 410", async () => {
    const [first, second] = await Promise.all([startFakeApiserver(), startFakeApiserver()]);
    try {
      await call({ url: second.url, token: second.adminToken }, configMaps, {
        method: "POST",
        body: { metadata: { name: "of-the-second" } },
      });
      await write(`server: "${first.url}"`, `token: ${first.adminToken}`);
      proxy = await startProxy({ kubeconfig });
      const seen = await warm();
      await write(`server: "${second.url}"`, `token: ${second.adminToken}`);
      proxy.signal("SIGHUP");
      await waitUntil("the watch has ended", () => seen.ended !== "no");
      expect(seen.text).toContain('"code":410');
      await waitUntil("the second's are shown", async () =>
        (await list()).text.includes("of-the-second"),
      );
      await waitUntil("from a scope", async () => (await source()) === "cache");
      expect((await list()).text).toContain("of-the-second");
    } finally {
      await Promise.all([first.stop(), second.stop()]);
    }
  }, 30_000);
});
