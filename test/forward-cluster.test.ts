import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import type { Socket } from "node:net";

import {
  createTemporaryFolder,
  freePort,
  startChildProcess,
  waitUntil,
} from "../src/testing/child-process.ts";
import { type FakeApiserver, startFakeApiserver } from "../src/testing/fake-apiserver.ts";
import { findBinary, type ProxyProcess, startProxy } from "../src/testing/proxy-process.ts";
import { connectTo } from "./forward-fixture.ts";

let fake: FakeApiserver;
let proxy: ProxyProcess;

beforeAll(async () => {
  fake = await startFakeApiserver();
  proxy = await startProxy({ server: fake.url, flags: ["--health-interval", "1s"] });
}, 30_000);

afterAll(async () => {
  await proxy?.stop();
  await fake?.stop();
}, 30_000);

afterEach(async () => {
  fake.faults.clear();
  await isReachable();
});

/** An outage that a test has made is over when a probe has been answered. */
const isReachable = () =>
  waitUntil("the proxy is ready", async () => (await fetch(`${proxy.adminUrl}/readyz`)).ok);

const configMaps = "/api/v1/namespaces/default/configmaps";
/** A caller with credentials of its own is never served from a scope: all of this is forwarded. */
const asAdmin = () => ({ authorization: `Bearer ${fake.adminToken}` });
const call = (method: string, path: string, body?: string, headers = {}) =>
  fetch(proxy.url + path, {
    method,
    headers: { ...asAdmin(), "content-type": "application/json", ...headers },
    ...(body === undefined ? {} : { body }),
  });
const configMap = (name: string) => JSON.stringify({ metadata: { name }, data: { a: "1" } });

function watch(signal?: AbortSignal): Promise<Response> {
  return fetch(watchUrl(), {
    headers: asAdmin(),
    timeout: false,
    ...(signal === undefined ? {} : { signal }),
  });
}

/** From a version that nothing has passed yet. */
const watchUrl = () =>
  `${proxy.url}${configMaps}?watch=true&resourceVersion=${fake.store.revision}`;

async function openWatchSocket(): Promise<Socket> {
  const socket = await connectTo(proxy.url);
  const { host } = new URL(proxy.url);
  socket.write(
    `GET ${watchUrl().slice(proxy.url.length)} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${fake.adminToken}\r\n\r\n`,
  );
  return socket;
}

function openFiles(): number {
  return readdirSync(`/proc/${proxy.pid}/fd`).length;
}

describe("a forwarded watch", () => {
  test("has its head while nothing happens, and is not cut for being quiet", async () => {
    const left = new AbortController();
    const answer = await watch(left.signal);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("x-edge-proxy")).toBe("upstream");
    const reader = answer.body!.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe(" ");
    // Longer than Bun's own idle timer, and many health intervals.
    await Bun.sleep(15_000);
    await call("POST", configMaps, configMap("after-silence"));
    expect(new TextDecoder().decode((await reader.read()).value)).toContain("after-silence");
    left.abort();
  }, 30_000);

  test("is gone upstream within a second of its client's leaving", async () => {
    const left = new AbortController();
    await watch(left.signal);
    expect(fake.watches()).toBe(1);
    left.abort();
    await waitUntil("upstream is left", () => fake.watches() === 0, 1);
  });

  test("leaves nothing upstream, and no file open, after 2,000 aborted ones", async () => {
    const before = openFiles();
    for (let round = 0; round < 40; round++) {
      const sockets = await Promise.all(Array.from({ length: 50 }, openWatchSocket));
      await waitUntil("some are open upstream", () => fake.watches() > 25);
      for (const socket of sockets) socket.destroy();
    }
    await waitUntil("none is open upstream", () => fake.watches() === 0, 5);
    await waitUntil("no file is left open", () => openFiles() <= before + 8, 10);
  }, 60_000);

  test("is one of a thousand, and a GET is answered beside them", async () => {
    const sockets = await Promise.all(Array.from({ length: 1000 }, openWatchSocket));
    await waitUntil("all are open upstream", () => fake.watches() === 1000, 30);
    expect((await call("GET", "/version")).status).toBe(200);
    for (const socket of sockets) socket.destroy();
    await waitUntil("none is open upstream", () => fake.watches() === 0, 10);
  }, 60_000);

  test.each([["clean"], ["reset"]] as const)(
    "ends cleanly when upstream's end is %s",
    async (how) => {
      const answer = await watch();
      fake.cutWatches(how);
      expect((await answer.text()).trim()).toBe("");
    },
  );

  test("ends cleanly when the link is dead", async () => {
    const answer = await watch();
    fake.faults.add({ kind: "hang", path: "/livez" });
    expect((await answer.text()).trim()).toBe("");
  }, 20_000);
});

describe("a write", () => {
  const path = `${configMaps}/written`;
  const strategic = { "content-type": "application/merge-patch+json" };

  test.each([
    ["PUT", path, configMap("written"), {}],
    ["DELETE", path, undefined, {}],
    ["DELETE", path, '{"kind":"DeleteOptions","apiVersion":"v1"}', {}],
    ["POST", configMaps, configMap("written"), {}],
    ["PATCH", path, '{"data":{"a":"2"}}', strategic],
    ["DELETE", configMaps, undefined, {}],
  ])(
    "%s %s with the body %p is sent once, although its connection dies",
    async (method, target, body, headers) => {
      await Promise.all(Array.from({ length: 8 }, () => call("GET", `${configMaps}/none`)));
      fake.faults.forget();
      fake.faults.add({ kind: "reset", method });
      const answer = await call(method, target, body, headers);
      expect([answer.status, ((await answer.json()) as { kind: string }).kind]).toEqual([
        502,
        "Status",
      ]);
      expect(fake.faults.arrivals({ method }).length).toBe(1);
    },
  );

  test("is refused at once, with since when, while nothing listens", async () => {
    await fake.pause();
    const answer = await call("POST", configMaps, configMap("refused"));
    const status = (await answer.json()) as { message: string; reason: string };
    expect([answer.status, status.reason]).toEqual([503, "ServiceUnavailable"]);
    expect(status.message).toContain(fake.url);
    expect(status.message).toMatch(/unreachable since \d{4}-/);
    expect(answer.headers.get("x-edge-proxy")).toBe("reject");
    expect(answer.headers.get("retry-after")).toBeNull();
    const protobuf = "application/vnd.kubernetes.protobuf";
    const read = await call("GET", `${configMaps}/none`, undefined, { accept: protobuf });
    expect([read.status, read.headers.get("content-type")]).toEqual([503, protobuf]);
    await fake.start();
    await isReachable();
    expect((await call("POST", configMaps, configMap("refused"))).status).toBe(201);
  });
});

describe("a read", () => {
  test("is repeated once when its connection dies before an answer", async () => {
    await call("GET", "/version");
    fake.faults.forget();
    fake.faults.add({ kind: "reset", path: configMaps, times: 1 });
    expect((await call("GET", configMaps)).status).toBe(200);
    expect(fake.faults.arrivals({ path: configMaps }).length).toBe(2);
  });

  test("is a 502 when the second connection dies as well", async () => {
    fake.faults.forget();
    fake.faults.add({ kind: "reset", path: configMaps });
    const answer = await call("GET", configMaps);
    expect([answer.status, ((await answer.json()) as { kind: string }).kind]).toEqual([
      502,
      "Status",
    ]);
    expect(fake.faults.arrivals({ path: configMaps }).length).toBeLessThanOrEqual(2);
  });

  test("that breaks off is never whole", async () => {
    fake.faults.add({ kind: "truncate", path: configMaps });
    const answer = await call("GET", configMaps);
    expect([answer.status, ((await answer.json()) as { kind: string }).kind]).toEqual([
      502,
      "Status",
    ]);
  });

  test("without a head is a 504 two seconds after the caller's own timeout", async () => {
    fake.faults.add({ kind: "hang", path: configMaps });
    const answer = await call("GET", `${configMaps}?timeout=500ms`);
    const { message } = (await answer.json()) as { message: string };
    expect(answer.status).toBe(504);
    expect(message).toContain("within 2.5 s");
  });
});

describe("a listener", () => {
  test.each([
    ["Host", { host: "attacker.example" }],
    ["Origin", { origin: "http://attacker.example" }],
  ])("on loopback refuses a foreign %s", async (name, headers) => {
    const answer = await fetch(`${proxy.url}/version`, {
      headers: headers as Record<string, string>,
    });
    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({ kind: "Status", reason: "Forbidden" });
    expect(name).not.toBe("");
  });

  test("lends nothing to a caller with credentials", async () => {
    fake.faults.forget();
    const authorization = `Bearer ${fake.aliceToken}`;
    expect((await call("GET", configMaps, undefined, { authorization })).status).toBe(403);
    expect(
      (await call("GET", configMaps, undefined, { authorization: "Bearer wrong" })).status,
    ).toBe(401);
    const sent = fake.faults
      .arrivals({ path: configMaps })
      .map(({ headers }) =>
        headers.filter(([key]) => key.toLowerCase() === "authorization").map(([, value]) => value),
      );
    expect(sent).toEqual([[authorization], ["Bearer wrong"]]);
  });

  test("beyond loopback wants credentials", async () => {
    const { dir, remove } = await createTemporaryFolder("edge-proxy-open-");
    const [port, admin] = [freePort(), freePort()];
    const addresses = [
      "--bind-address",
      `0.0.0.0:${port}`,
      "--admin-address",
      `127.0.0.1:${admin}`,
    ];
    const child = startChildProcess(
      [findBinary()!, "--server-addr", fake.url, "--disk-cache-path", dir, ...addresses],
      { logFile: `${dir}/log`, cwd: dir },
    );
    const ask = (path: string, headers = {}) =>
      fetch(`http://127.0.0.1:${port}${path}`, { headers });
    await waitUntil("it listens", () =>
      ask("/version").then(
        () => true,
        () => false,
      ),
    );
    const answer = await ask("/version");
    const { kind } = (await answer.json()) as { kind: string };
    expect([answer.status, kind]).toEqual([401, "Status"]);
    expect((await ask("/api/v1/namespaces", asAdmin())).status).toBe(200);
    await child.stop("SIGTERM");
    await remove();
  });

  test("on a unix socket is the owner's alone, and takes the place of a stale one", async () => {
    const { dir, remove } = await createTemporaryFolder("edge-proxy-socket-");
    const unix = `${dir}/proxy.sock`;
    const start = () => startProxy({ server: fake.url, flags: ["--bind-socket", unix] });
    const first = await start();
    await waitUntil("the socket is there", () => existsSync(unix));
    expect((await Bun.file(unix).stat()).mode & 0o777).toBe(0o600);
    first.signal("SIGKILL");
    await waitUntil("it is gone", () => first.exitCode() !== undefined);
    const second = await start();
    const ask = () =>
      fetch("http://localhost/version", { unix }).then(({ status }) => status === 200);
    await waitUntil("it answers on the socket", () => ask().catch(() => false));
    await first.stop();
    await second.stop();
    await remove();
  }, 30_000);
});
