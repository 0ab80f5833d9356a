import { afterEach, beforeEach, describe, expect, test } from "bun:test";

import { createTemporaryFolder, waitUntil } from "../src/testing/child-process.ts";
import { type Apiserver, findAssets, startApiserver } from "../src/testing/envtest.ts";
import { type FakeApiserver, startFakeApiserver } from "../src/testing/fake-apiserver.ts";
import { type FaultyLink, startFaultyLink } from "../src/testing/faulty-link.ts";
import { type ProxyProcess, startProxy } from "../src/testing/proxy-process.ts";

const configMaps = "/api/v1/namespaces/default/configmaps";
const secrets = "/api/v1/namespaces/default/secrets";
/** CONTRACT 18, and what two busy cores may add. */
const knownWithinMs = 3500 + 500;

let link: FaultyLink;
let proxy: ProxyProcess;

const send = (path: string, method = "GET", body?: unknown) =>
  fetch(proxy.url + path, {
    method,
    headers: { "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
const configMap = (name: string) => ({ metadata: { name } });
/** What /readyz says; undefined while its listener is not there. */
const readyz = () =>
  fetch(`${proxy.adminUrl}/readyz`).then(
    ({ status }) => status,
    () => undefined,
  );
/** The metrics by name and labels, without the prefix that all have. */
async function metrics(): Promise<Readonly<Record<string, number>>> {
  const text = await (await fetch(`${proxy.adminUrl}/metrics`)).text();
  const lines = [...text.matchAll(/^edge_proxy_(\S+) (\S+)$/gm)];
  return Object.fromEntries(lines.map(([, name, value]) => [name, Number(value)]));
}
/** All that is said but for the start. */
async function linesOfOutage(): Promise<readonly string[]> {
  const lines = (await proxy.output()).split("\n").filter((line) => line !== "");
  return lines.filter((line) => !/ serves http|go over http/.test(line));
}
const untilDown = () => waitUntil("the outage is known", async () => (await readyz()) === 500, 20);
const untilUp = () => waitUntil("the outage is over", async () => (await readyz()) === 200, 20);

/** The code and message of a refusal, its headers, and how long it took. */
async function refusal(sending: Promise<Response>) {
  const began = performance.now();
  const answer = await sending;
  const tookMs = performance.now() - began;
  const { code, message } = (await answer.json()) as { code: number; message: string };
  const { headers } = answer;
  return { code, message, tookMs, source: headers.get("x-edge-proxy"), headers };
}

/** A watch of a client: the names of what it was told of, for as long as it is open. */
async function watchNames(path: string) {
  const names: string[] = [];
  const left = new AbortController();
  const answer = await fetch(`${proxy.url}${path}?watch=1`, {
    signal: left.signal,
    timeout: false,
  });
  const reading = (async () => {
    const lines = answer.body!.pipeThrough(new TextDecoderStream());
    for await (const text of lines)
      for (const [, name] of text.matchAll(/"name":"([^"]+)"/g)) names.push(name!);
    return "ended";
  })().catch(() => "cut");
  return { names, reading, leave: () => left.abort() };
}

afterEach(async () => {
  await proxy?.stop();
  link?.stop();
}, 30_000);

describe("an outage, before the fake apiserver", () => {
  let fake: FakeApiserver;
  let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;

  beforeEach(async () => {
    fake = await startFakeApiserver();
    link = await startFaultyLink(fake.port);
    folder = await createTemporaryFolder("edge-proxy-outage-");
    const kubeconfig = `${folder.dir}/kubeconfig`;
    await Bun.write(
      kubeconfig,
      `{kind: Config, apiVersion: v1, current-context: fake,
        clusters: [{name: fake, cluster: {server: "http://127.0.0.1:${link.port}"}}],
        users: [{name: user, user: {token: ${fake.adminToken}}}],
        contexts: [{name: fake, context: {cluster: fake, user: user}}]}`,
    );
    proxy = await startProxy({ kubeconfig, flags: ["--health-interval", "1s"] });
  }, 30_000);

  afterEach(async () => {
    await fake?.stop();
    await folder?.remove();
  });

  /** Behind the proxy's back. */
  const direct = (path: string, method: string, body?: unknown) =>
    fetch(fake.url + path, {
      method,
      headers: { authorization: `Bearer ${fake.adminToken}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const create = (name: string) => direct(configMaps, "POST", configMap(name));

  test("leaves the watches of scopes open; on return they resume, and nothing is listed", async () => {
    const watches = await Promise.all(Array.from({ length: 5 }, () => watchNames(configMaps)));
    await create("before");
    await waitUntil("it was seen", () => watches.every(({ names }) => names.includes("before")));
    link.blackHole();
    await untilDown();
    fake.faults.forget();
    await create("meanwhile");
    fake.faults.forget();
    link.pass();
    await waitUntil("it was seen", () => watches.every(({ names }) => names.includes("meanwhile")));
    // One of `limit=1` tells another history (CONTRACT 17).
    const lists = fake.faults.arrivals({ verb: "list" });
    expect(lists.filter(({ query }) => query !== "limit=1")).toEqual([]);
    const resumed = fake.faults.arrivals({ verb: "watch" });
    expect(resumed.length).toBe(1);
    expect(resumed[0]?.query).not.toContain("sendInitialEvents");
    for (const { names } of watches) expect(names).toEqual(["before", "meanwhile"]);
    for (const { leave } of watches) leave();
  }, 30_000);

  test("is one line at its beginning, and one at its end with its length and what changed", async () => {
    const watching = await watchNames(configMaps);
    await create("before");
    await waitUntil("it was seen", () => watching.names.includes("before"));
    link.refuse();
    await untilDown();
    for (const name of ["x", "y"]) await create(name);
    await direct(`${configMaps}/before`, "DELETE");
    link.pass();
    await waitUntil("its end is told", async () => (await linesOfOutage()).length > 1, 20);
    const lines = await linesOfOutage();
    expect(lines.length).toBe(2);
    expect(lines[0]).toMatch(/is not reachable since \d{4}-/);
    expect(lines[1]).toMatch(
      /is reachable again after \d+\.\d s: objects: 2 added, 0 changed, 1 deleted since/,
    );
    watching.leave();
  }, 30_000);

  test("is in the metrics: state, number, length, probes, and what became of scopes", async () => {
    const watching = await watchNames(configMaps);
    expect(await metrics()).toMatchObject({
      upstream_up: 1,
      upstream_outages_total: 0,
      'upstream_duration_seconds_count{method="GET"}': expect.any(Number),
    });
    link.refuse();
    await untilDown();
    const answer = await send(configMaps);
    expect(answer.headers.get("x-edge-proxy")).toBe("stale");
    const during = await metrics();
    expect(during).toMatchObject({ upstream_up: 0, upstream_outages_total: 1 });
    const vain = (outcome: string) => during[`upstream_probes_total{outcome="${outcome}"}`] ?? 0;
    expect(vain("failed") + vain("unanswered")).toBeGreaterThanOrEqual(1);
    expect(during["upstream_outage_seconds_total"]).toBeGreaterThan(0);
    const stale = 'requests_total{verb="list",resource="configmaps",code="200",source="stale"}';
    expect(during[stale]).toBe(1);
    link.pass();
    await untilUp();
    await waitUntil("the scope is confirmed", async () => {
      const { scopes_confirmed_total: confirmed } = await metrics();
      return confirmed === 1;
    });
    expect(await metrics()).toMatchObject({
      upstream_up: 1,
      upstream_outages_total: 1,
      'scope_fills_total{how="first"}': 1,
      'scope_fills_total{how="difference"}': 0,
    });
    watching.leave();
  }, 30_000);

  test("of a refused connection is known at the first request that fails", async () => {
    expect((await send(secrets)).status).toBe(200);
    link.refuse();
    expect(await refusal(send(secrets))).toMatchObject({ code: 503, source: "reject" });
    expect(await readyz()).toBe(500);
  });

  test("is over at the first answer, 401 included", async () => {
    link.refuse();
    await untilDown();
    fake.faults.add({ kind: "answer", code: 401, path: "/livez" });
    link.pass();
    await untilUp();
  }, 30_000);
});

const assets = findAssets();

describe.skipIf(assets === undefined)("an outage, before a kube-apiserver over TLS", () => {
  let apiserver: Apiserver;

  beforeEach(async () => {
    apiserver = await startApiserver({ assets: assets ?? "" });
    link = await startFaultyLink(apiserver.port);
    proxy = await startProxy({
      kubeconfig: apiserver.kubeconfig,
      server: `https://127.0.0.1:${link.port}`,
    });
    await untilUp();
  }, 60_000);

  afterEach(() => apiserver?.stop(), 30_000);

  test.each([
    ["a black hole", () => link.blackHole(), () => link.pass()],
    ["a stopped server", () => apiserver.pause(), () => apiserver.resume()],
  ])(
    "%s is known in time: who waits is told, who comes later at once",
    async (_, cut, mend) => {
      const warm = await send(configMaps, "POST", configMap("a"));
      expect(warm.status).toBe(201);
      const watching = await watchNames(configMaps);
      cut();
      const [read, write, bodiless] = await Promise.all([
        refusal(send(secrets)),
        refusal(send(configMaps, "POST", configMap("b"))),
        refusal(send(`${configMaps}/a`, "DELETE")),
      ]);
      expect(read).toMatchObject({ code: 503, source: "reject" });
      expect(read.message).toMatch(/unreachable since \d{4}-/);
      expect([503, 504]).toContain(write.code);
      expect(bodiless.code).toBe(504);
      for (const { tookMs, headers } of [read, write, bodiless]) {
        expect(tookMs).toBeLessThan(knownWithinMs);
        expect(headers.get("retry-after")).toBeNull();
      }
      const later = await refusal(send(configMaps, "POST", configMap("c")));
      expect(later.code).toBe(503);
      expect(later.tookMs).toBeLessThan(500);
      console.log(`known after ${Math.round(read.tookMs)} ms, then ${later.tookMs.toFixed(1)} ms`);
      mend();
      await untilUp();
      expect((await send(secrets)).status).toBe(200);
      await send(configMaps, "POST", configMap("d"));
      await waitUntil("it was seen", () => watching.names.includes("d"));
      watching.leave();
    },
    60_000,
  );

  test("etcd that stops for 3 s is none, nor are 400 ms with resets", async () => {
    apiserver.pauseEtcd();
    const slow = send(secrets);
    await Bun.sleep(3000);
    apiserver.resumeEtcd();
    expect((await slow).status).toBe(200);
    link.slow(400, 0.05);
    for (let round = 0; round < 4; round++)
      await Promise.all(Array.from({ length: 10 }, (_, at) => send(`${secrets}/${at}`)));
    expect(await proxy.output()).not.toContain("not reachable");
  }, 60_000);
});
