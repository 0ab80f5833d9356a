import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Socket } from "node:net";

import { waitUntil } from "../../src/testing/child-process.ts";
import { call } from "../../src/testing/contract-client.ts";
import { type FakeApiserver, startFakeApiserver } from "../../src/testing/fake-apiserver.ts";
import { startProxy } from "../../src/testing/proxy-process.ts";
import { connectTo } from "../forward-fixture.ts";
import {
  configMap,
  createAll,
  kubeconfigText,
  Node,
  sourceOf,
  untilCached,
} from "../offline-fixture.ts";
import { exchange, readResponses } from "./raw-client.ts";
import { startRawUpstream } from "./raw-upstream.ts";

const configMaps = "/api/v1/namespaces/default/configmaps";
const secrets = "/api/v1/namespaces/default/secrets";
const sockets: Socket[] = [];

let fake: FakeApiserver;
let node: Node;

beforeAll(async () => {
  fake = await startFakeApiserver();
  const direct = { url: fake.url, token: fake.adminToken };
  const value = "x".repeat(150_000);
  const objects = Array.from({ length: 20 }, (_, at) => configMap(`c${at}`, "a", value));
  await createAll(direct, configMaps, objects);
  node = await Node.create({});
  const kubeconfig = `${node.dir}/kubeconfig`;
  await Bun.write(kubeconfig, kubeconfigText(fake.url, fake.adminToken));
  await node.start(["--kubeconfig", kubeconfig, "--memory-limit=32Mi"]);
  await call(node, configMaps);
  await untilCached(node, configMaps);
}, 60_000);

afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await node?.stop();
  await fake?.stop();
}, 20_000);

async function open(bytes: string, url = node.url): Promise<{ readonly text: () => string }> {
  const socket = await connectTo(url);
  sockets.push(socket);
  let text = "";
  socket.on("error", () => undefined);
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
  });
  socket.write(bytes);
  return { text: () => text };
}

describe("a large answer", () => {
  test("is whole for who has sent more by then", async () => {
    const get = `GET ${configMaps} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
    const answers = await exchange(node.url, get + get + get, 3);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    for (const { body, headers } of answers) {
      expect(headers.get("x-edge-proxy")).toBe("cache");
      expect(JSON.parse(body).items.length).toBe(20);
    }
  }, 20_000);

  test("that nobody reads is let go past the limit, and others are served", async () => {
    const get = `GET ${configMaps}?limit=NR HTTP/1.1\r\nHost: localhost\r\n\r\n`;
    const stalled = await Promise.all(
      Array.from({ length: 16 }, async (_, nr) => {
        const socket = await connectTo(node.url);
        sockets.push(socket);
        socket.on("error", () => undefined);
        let isGone = false;
        socket.on("close", () => (isGone = true));
        socket.pause();
        socket.write(get.replace("NR", String(100 + nr)));
        return () => isGone || socket.destroyed;
      }),
    );
    const served = await call(node, `${configMaps}/c1`);
    expect([served.status, sourceOf(served)]).toEqual([200, "cache"]);
    expect(stalled.length).toBe(16);
  }, 20_000);
});

describe("requests that are held", () => {
  test("past the limit get a 429 of a Status, and there is room when they are gone", async () => {
    const silent = startRawUpstream(() => new Promise<string>(() => undefined));
    const proxy = await startProxy({ server: silent.url, flags: ["--memory-limit=32Mi"] });
    const long = `x=${"a".repeat(200_000)}`;
    const head = (nr: number) =>
      `GET /apis/apps/v1/deployments?nr=${nr}&${long} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
    const opened: { readonly text: () => string }[] = [];
    const refused = () =>
      opened.flatMap(({ text }) => readResponses(text())).filter(({ status }) => status === 429);
    for (let nr = 0; nr < 60 && refused().length === 0; nr++)
      opened.push(await open(head(nr), proxy.url));
    await waitUntil("one is refused", () => refused().length > 0, 5);
    const [refusal] = refused();
    expect(refusal?.headers.get("retry-after")).toBe("1");
    expect(JSON.parse(refusal?.body ?? "")).toMatchObject({ reason: "TooManyRequests" });
    for (const socket of sockets) socket.destroy();
    // Nobody answers it, but it is let in.
    await waitUntil("there is room again", async () => {
      const last = await open(head(100), proxy.url);
      await Bun.sleep(20);
      return last.text() === "";
    });
    await proxy.stop();
    silent.stop();
  }, 30_000);

  test("with a body are bodies within the limit", async () => {
    fake.faults.add({ kind: "hang", path: configMaps, method: "POST" });
    const length = 4 << 20;
    const head = `POST ${configMaps} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n\r\n`;
    const opened: { readonly text: () => string }[] = [];
    for (let nr = 0; nr < 40; nr++) opened.push(await open(head + "x".repeat(length)));
    expect((await call(node, `${configMaps}/c1`)).status).toBe(200);
    for (const socket of sockets) socket.destroy();
    fake.faults.clear();
    await waitUntil(
      "there is room again",
      async () => (await call(node, configMaps)).status === 200,
    );
  }, 30_000);
});

describe("scopes", () => {
  test("that one watch has started and left are gone, upstream too", async () => {
    const before = fake.watches();
    let most = 0;
    for (let nr = 0; nr < 50; nr++) {
      const left = new AbortController();
      const query = `watch=1&labelSelector=nr%3D${nr}`;
      await fetch(`${node.url}${secrets}?${query}`, { signal: left.signal });
      most = Math.max(most, fake.watches());
      left.abort();
    }
    expect(most).toBeGreaterThan(before);
    await waitUntil("upstream has no more watches", () => fake.watches() <= before, 10);
  }, 30_000);

  test("have a number: what is past it is forwarded, and answered all the same", async () => {
    const watches = await Promise.all(
      Array.from({ length: 200 }, (_, nr) =>
        open(
          `GET ${secrets}?watch=1&labelSelector=nr%3Dm${nr} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
        ),
      ),
    );
    const heads = () => watches.filter(({ text }) => text().startsWith("HTTP/1.1 200")).length;
    await waitUntil("all have their heads", () => heads() === 200, 20);
    const metrics = await (await fetch(`${node.adminUrl}/metrics`)).text();
    const scopes = metrics.match(/^edge_proxy_scope_watchers\{/gm) ?? [];
    expect(scopes.length).toBeLessThan(190);
    const sources = watches.map(({ text }) => /^X-Edge-Proxy: (\w+)/m.exec(text())?.[1]);
    expect(new Set(sources)).toEqual(new Set(["cache", "upstream"]));
  }, 40_000);
});
