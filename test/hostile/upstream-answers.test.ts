import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import { type ProxyProcess, startProxy } from "../../src/testing/proxy-process.ts";
import { exchange } from "./raw-client.ts";
import { okAnswer, type RawUpstream, startRawUpstream } from "./raw-upstream.ts";

let upstream: RawUpstream;
let proxy: ProxyProcess;
let next: string | Uint8Array = okAnswer;

beforeAll(async () => {
  upstream = startRawUpstream(() => next);
  proxy = await startProxy({ server: upstream.url });
}, 30_000);

afterAll(async () => {
  await proxy?.stop();
  upstream?.stop();
});

const gzip = "Content-Type: application/json\r\nContent-Encoding: gzip\r\n";

function answer(head: string, body: Uint8Array): Uint8Array {
  const text = `HTTP/1.1 200 OK\r\n${head}Content-Length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(text), body]);
}

let asked = 0;

/** A client that takes no gzip asks for what nobody has asked for before, so that no kept answer takes the place. */
const ask = async () => {
  const path = `/api/v1/namespaces/n${asked++}/configmaps`;
  const text = `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
  return (await exchange(proxy.url, text))[0];
};

/** What unpacks to 300 MB, and claims another length. */
function bomb(claims: number): Uint8Array {
  const noise = crypto.getRandomValues(new Uint8Array(100_000));
  const bytes = Bun.gzipSync(Buffer.concat([noise, new Uint8Array(300 << 20)]), { level: 9 });
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(bytes.length - 4, claims, true);
  return bytes;
}

describe("an answer of upstream that cannot be right", () => {
  test.each([
    ["an empty gzip", answer(gzip, new Uint8Array(0))],
    ["a gzip that is none", answer(gzip, Buffer.from("plain words, and not a few of them"))],
    ["a gzip that is cut off", answer(gzip, Bun.gzipSync(Buffer.alloc(5000)).subarray(0, 30))],
    ["a gzip that claims less than it is", answer(gzip, bomb(1000))],
    ["the status 999", "HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n"],
    ["the status 600", "HTTP/1.1 600 What\r\nContent-Length: 0\r\n\r\n"],
  ])("%s is a 502 that says so", async (_, given) => {
    next = given;
    const response = await ask();
    expect(response?.status).toBe(502);
    const { kind, message } = JSON.parse(response?.body ?? "");
    expect(kind).toBe("Status");
    expect(message).toMatch(/cannot be unpacked|with the status/);
    next = okAnswer;
    expect((await ask())?.status).toBe(200);
  });
});
