import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import { type ProxyProcess, startProxy } from "../../src/testing/proxy-process.ts";
import { Random } from "../model/random.ts";
import { checkTargets, targetPrefix } from "./fuzz-targets.ts";
import { exchange } from "./raw-client.ts";
import { type RawUpstream, startRawUpstream } from "./raw-upstream.ts";

let upstream: RawUpstream;
let proxy: ProxyProcess;

beforeAll(async () => {
  upstream = startRawUpstream();
  proxy = await startProxy({ server: upstream.url + targetPrefix });
}, 30_000);

afterAll(async () => {
  await proxy?.stop();
  upstream?.stop();
});

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
    expect(arrived.map((each) => each.target)).toEqual([targetPrefix + target]);
  });
});

describe("what is sent upstream", () => {
  test("is the target that came, byte for byte, or nothing", async () => {
    const { counts } = await checkTargets(proxy, upstream, new Random(20), 150);
    expect(counts["served"]).toBeGreaterThan(300);
  }, 120_000);
});

describe("a method", () => {
  test.each(["get", "delete", "Patch", "PST", "BREW"])(
    "%s, which would be sent as another one, is a 501 and goes nowhere",
    async (method) => {
      const { answer, arrived } = await send(`${method} /api HTTP/1.1`, "localhost");
      expect([answer?.status, arrived]).toEqual([501, []]);
      expect(JSON.parse(answer?.body ?? "")).toMatchObject({ kind: "Status", code: 501 });
    },
  );

  test.each(["PROPFIND", "M-SEARCH", "TRACE"])("%s is sent as it is", async (method) => {
    const { answer, arrived } = await send(`${method} /api HTTP/1.1`, "localhost");
    expect([answer?.status, arrived[0]?.method]).toEqual([200, method]);
  });
});
