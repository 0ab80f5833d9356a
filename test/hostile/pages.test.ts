import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type FakeApiserver, startFakeApiserver } from "../../src/testing/fake-apiserver.ts";
import { type ProxyProcess, startProxy } from "../../src/testing/proxy-process.ts";
import { kubeconfigText } from "../offline-fixture.ts";
import { exchange } from "./raw-client.ts";

let fake: FakeApiserver;
let proxy: ProxyProcess;
let folder: string;

beforeAll(async () => {
  fake = await startFakeApiserver();
  folder = await mkdtemp(join(tmpdir(), "edge-proxy-pages-"));
  const kubeconfig = join(folder, "kubeconfig");
  await Bun.write(kubeconfig, kubeconfigText(fake.url, fake.adminToken));
  proxy = await startProxy({ kubeconfig });
}, 30_000);

afterAll(async () => {
  await proxy?.stop();
  await fake?.stop();
  await rm(folder, { recursive: true, force: true });
});

const page = async (path: string) => (await fetch(proxy.adminUrl + path)).text();

describe("what a caller names", () => {
  test("forges no line of /metrics, and is no label of its own", async () => {
    await fetch(`${proxy.url}/api/v1/x%22%7D%201%0Aedge_proxy_upstream_up%200%0A%23`);
    for (let at = 0; at < 50; at++) await fetch(`${proxy.url}/api/v1/r${"r".repeat(at * 50)}`);
    for (const method of ["BREW", "GE%20T", "X-Y"])
      await exchange(proxy.url, `${method} /api/v1/pods HTTP/1.1\r\nHost: localhost\r\n\r\n`, 1);
    const text = await page("/metrics");
    expect(
      text.split("\n").filter((line) => line.startsWith("edge_proxy_upstream_up ")).length,
    ).toBe(1);
    expect(text).not.toMatch(/BREW|X-Y|rrr|forged/i);
    for (const line of text.split("\n"))
      expect(line).toMatch(/^$|^#|^\w+(\{.*\})? [-+.\deInNaf]+$/);
  });

  test("forges no line of /statusz", async () => {
    const left = new AbortController();
    const path = "/api/v1/namespaces/a%0aFAKE/configmaps?watch=1";
    const watch = await fetch(proxy.url + path, { signal: left.signal });
    expect(watch.status).toBe(200);
    const text = await page("/statusz");
    expect(text).toContain("a\\u000aFAKE");
    expect(text).not.toMatch(/^FAKE/m);
    left.abort();
  });
});

async function askAdmin(host: string): Promise<number | undefined> {
  const head = `GET /metrics HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
  return (await exchange(proxy.adminUrl, head))[0]?.status;
}

describe("the admin listener", () => {
  test.each([
    ["localhost", 200],
    ["LOCALHOST:10260", 200],
    ["127.0.0.1:10260", 200],
    ["10.1.2.3:10260", 200],
    ["[fd00::1]:10260", 200],
    ["evil.example", 403],
    ["evil.example:10260", 403],
    ["127.0.0.1.evil.example", 403],
    ["10.1.2.3@evil", 400],
  ])("answers the Host %s with %d", async (host, status) => {
    expect(await askAdmin(host)).toBe(status);
  });
});

describe("a page in a browser on the node", () => {
  test.each([
    [{ "sec-fetch-site": "cross-site" }, 403],
    [{ "sec-fetch-site": "same-site" }, 403],
    [{ origin: "https://evil.example" }, 403],
    [{ origin: "null" }, 403],
    [{ "sec-fetch-site": "none" }, 200],
    [{ "sec-fetch-site": "same-origin" }, 200],
  ])("that sends %p has %d", async (headers, status) => {
    const response = await fetch(`${proxy.url}/api/v1/namespaces`, {
      headers: headers as unknown as Record<string, string>,
    });
    expect(response.status).toBe(status);
  });

  test("of the refused asks upstream nothing", async () => {
    const before = fake.faults.arrivals({ path: "/api/v1/namespaces" }).length;
    const query = `?labelSelector=${"a".repeat(200_000)}`;
    for (let at = 0; at < 20; at++)
      await fetch(`${proxy.url}/api/v1/namespaces${query}${at}`, { headers: { host: "evil.com" } });
    expect(fake.faults.arrivals({ path: "/api/v1/namespaces" }).length).toBe(before);
  });
});
