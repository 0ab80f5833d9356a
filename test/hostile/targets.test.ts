import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import { type ProxyProcess, startProxy } from "../../src/testing/proxy-process.ts";
import { Random } from "../model/random.ts";
import { exchange } from "./raw-client.ts";
import { type RawUpstream, startRawUpstream } from "./raw-upstream.ts";

let upstream: RawUpstream;
let proxy: ProxyProcess;

beforeAll(async () => {
  upstream = startRawUpstream();
  proxy = await startProxy({ server: `${upstream.url}/k8s/clusters/c1` });
}, 30_000);

afterAll(async () => {
  await proxy?.stop();
  upstream?.stop();
});

const prefix = "/k8s/clusters/c1";

/** Sends one request and gives the status, and what arrived upstream meanwhile. */
async function send(line: string, host: string | undefined, more: readonly string[] = []) {
  const before = upstream.arrivals.length;
  const hosts = host === undefined ? [] : [`Host: ${host}`];
  const head = [line, ...hosts, ...more, "Connection: close"].join("\r\n");
  const [answer] = await exchange(proxy.url, `${head}\r\n\r\n`);
  return { answer, arrived: upstream.arrivals.slice(before) };
}

const secret = "/api/v1/namespaces/shop/configmaps/../secrets/tops";

describe("a target that somebody might read otherwise", () => {
  test.each([
    // request line                                  Host                  further lines
    [`GET ${secret} HTTP/1.1`, "127.0.0.1:99999", []],
    [`GET ${secret} HTTP/1.1`, "localhost:65536", []],
    [`GET ${secret} HTTP/1.1`, "127.0.0.1", []],
    [`GET ${secret} HTTP/1.0`, undefined, []],
    [`GET ${secret} HTTP/1.0`, undefined, ["Authorization: Bearer x"]],
    ["GET /api/v1/namespaces/../configmaps HTTP/1.1", "localhost", []],
    ["GET /api/v1/namespaces/%2e%2E/configmaps HTTP/1.1", "localhost", []],
    ["GET /api/v1\\..\\x HTTP/1.1", "localhost", []],
    ["GET /../../../v3/x HTTP/1.1", "localhost", ["Authorization: Bearer x"]],
    ["GET /../../../v3/x HTTP/1.1", "localhost", []],
    ["GET /api HTTP/1.1", "[", ["Authorization: Bearer x"]],
    ["GET /api HTTP/1.1", "a b", ["Authorization: Bearer x"]],
    ["GET /api HTTP/1.1", "a\\b", ["Authorization: Bearer x"]],
    ["GET /api HTTP/1.1", "u@h", ["Authorization: Bearer x"]],
    ["CONNECT x:7 HTTP/1.1", "x:7", []],
    ["CONNECT x:7 HTTP/1.1", "localhost", ["Authorization: Bearer x"]],
    ["GET x:7 HTTP/1.1", "localhost", []],
    ["GET @evil.example/ HTTP/1.1", "localhost", []],
    ["GET .evil.example/ HTTP/1.1", "localhost", ["Authorization: Bearer x"]],
    ["OPTIONS * HTTP/1.1", "localhost", []],
    [`GET http://localhost${secret} HTTP/1.1`, "localhost", []],
  ])("%s to %p is a 400 and goes nowhere", async (line, host, more) => {
    const { answer, arrived } = await send(line, host, more);
    expect(answer?.status).toBe(400);
    expect(JSON.parse(answer?.body ?? "")).toMatchObject({ kind: "Status", code: 400 });
    expect(arrived).toEqual([]);
  });

  test.each([
    ["GET http://evil.example/api/v1/secrets HTTP/1.1", "127.0.0.1"],
    ["GET http://evil.example/api/v1/secrets HTTP/1.1", "localhost"],
    ["GET /api/v1/secrets HTTP/1.1", "evil.example"],
  ])("%s with Host %s is not lent the node's identity", async (line, host) => {
    const { answer, arrived } = await send(line, host);
    expect([answer?.status, arrived]).toEqual([403, []]);
  });

  test.each([
    ["GET http://LOCALHOST/api HTTP/1.1", "evil.example", "/api"],
    ["GET http://127.0.0.1?x=1 HTTP/1.1", "evil.example", "/?x=1"],
    ["GET /api HTTP/1.1", "LocalHost", "/api"],
  ])("%s with Host %s is served", async (line, host, target) => {
    const { answer, arrived } = await send(line, host);
    expect(answer?.status).toBe(200);
    expect(arrived.map((each) => each.target)).toEqual([prefix + target]);
  });
});

/** What targets are made of: what is plain, and what readers of URLs treat in ways of their own. */
const parts = [
  ..."/////....%%%\\\\#?&=;:@[]{}|^`'\"<>~!$*+,-_()abz09".split(""),
  "%2e",
  "%2E",
  "%2f",
  "%5c",
  "%5C",
  "%00",
  "%zz",
  "%",
  "\x7f",
  "\x01",
  "\t",
  "\xa0",
  "\xc3\xbc",
  "\xff",
  "api",
  "/api/v1/namespaces/",
  "/apis/apps/v1/",
  "configmaps",
  "watch",
  "http://",
  "//h/",
  "..",
  "/../",
  "/./",
];

const hosts = [
  "localhost",
  "127.0.0.1:8",
  "LOCALHOST",
  "evil.example",
  "[::1]",
  "a b",
  "a:99999",
  "",
];

describe("what is sent upstream", () => {
  test("is the target that came, byte for byte, or nothing", async () => {
    const random = new Random(20);
    let passed = 0;
    for (let round = 0; round < 150; round++) {
      const sent = Array.from({ length: 20 }, () => {
        const length = 1 + random.below(12);
        const target = `/${Array.from({ length }, () => random.pick(parts)).join("")}`;
        const method = random.pick(["GET", "DELETE", "OPTIONS", "PATCH"]);
        return { method, target, host: random.pick(hosts), hasToken: random.below(2) === 0 };
      });
      const outcomes = await Promise.all(
        sent.map(async ({ method, target, host, hasToken }, at) => {
          const lines = [`X-Nr: ${round}.${at}`, ...(hasToken ? ["Authorization: Bearer x"] : [])];
          const head = [`${method} ${target} HTTP/1.1`, `Host: ${host}`, ...lines];
          const text = `${head.join("\r\n")}\r\nConnection: close\r\n\r\n`;
          const [answer] = await exchange(proxy.url, text);
          return answer?.status;
        }),
      );
      for (const [at, { method, target }] of sent.entries()) {
        const nr = `X-Nr: ${round}.${at}`.toLowerCase();
        const arrived = upstream.arrivals.filter(({ lines }) =>
          lines.some((line) => line.toLowerCase() === nr),
        );
        const isServed = outcomes[at] === 200;
        expect([
          target,
          outcomes[at],
          arrived.map((each) => `${each.method} ${each.target}`),
        ]).toEqual([
          target,
          isServed ? 200 : outcomes[at],
          isServed ? [`${method} ${prefix}${target}`] : [],
        ]);
        expect([200, 400, 403]).toContain(outcomes[at] ?? 0);
        if (isServed) passed++;
      }
      upstream.arrivals.length = 0;
    }
    expect(passed).toBeGreaterThan(300);
  }, 120_000);
});
