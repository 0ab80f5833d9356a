import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";

import { type ProxyProcess, startProxy } from "../../src/testing/proxy-process.ts";
import { exchange } from "./raw-client.ts";
import { type RawUpstream, startRawUpstream } from "./raw-upstream.ts";

let upstream: RawUpstream;
let proxy: ProxyProcess;

beforeAll(async () => {
  upstream = startRawUpstream();
  proxy = await startProxy({ server: upstream.url });
}, 30_000);

afterAll(async () => {
  await proxy?.stop();
  upstream?.stop();
});

beforeEach(() => {
  upstream.arrivals.length = 0;
});

const manyLines = Array.from({ length: 250 }, (_, at) => `X-Many-${at}: ${at}`);

// What makes a request go by node:http, which frames no body of these methods by itself.
describe("a body in chunks that is a request", () => {
  const ways: readonly (readonly [string, string, readonly string[]])[] = [
    ["repeated headers", "/a", ["Impersonate-Group: a", "Impersonate-Group: b"]],
    ["many headers", "/a", manyLines],
    ["a target that fetch would rewrite", "/a?x='y'|z", []],
    ["nothing else", "/a", []],
  ];
  const cases = ["DELETE", "OPTIONS", "PATCH"].flatMap((method) =>
    ways.map(([way, target, lines]) => ({ method, way, target, lines })),
  );

  test.each(cases)("of a $method with $way is its body upstream", async (given) => {
    const { method, target, lines } = given;
    const body = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";
    const head = [
      `${method} ${target} HTTP/1.1`,
      "Host: localhost",
      "Impersonate-User: alice",
      ...lines,
      "Transfer-Encoding: chunked",
      "Connection: close",
    ];
    const chunks = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    const [answer] = await exchange(proxy.url, `${head.join("\r\n")}\r\n\r\n${chunks}`);
    expect(answer?.status).toBe(200);
    expect(upstream.arrivals.map((each) => `${each.method} ${each.target}`)).toEqual([
      `${method} ${target}`,
    ]);
    expect(upstream.arrivals[0]?.body).toContain(body);
  });
});
