import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";

import { type ProxyProcess, startProxy } from "../../src/testing/proxy-process.ts";
import { connectTo } from "../forward-fixture.ts";
import { exchange, readResponses } from "./raw-client.ts";
import { okAnswer, type RawArrival, type RawUpstream, startRawUpstream } from "./raw-upstream.ts";

let upstream: RawUpstream;
let proxy: ProxyProcess;
let go = Promise.withResolvers<void>();

beforeAll(async () => {
  upstream = startRawUpstream(async ({ target, body }: RawArrival) => {
    if (target.startsWith("/slow")) await go.promise;
    const text = `${target} ${body.length}`;
    return target.startsWith("/slow") || target.startsWith("/fast")
      ? `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`
      : okAnswer;
  });
  proxy = await startProxy({ server: upstream.url });
}, 30_000);

afterAll(async () => {
  await proxy?.stop();
  upstream?.stop();
}, 20_000);

beforeEach(() => {
  upstream.arrivals.length = 0;
  go = Promise.withResolvers<void>();
});

const arrivalsAt = (target: string) =>
  upstream.arrivals.filter((arrival) => arrival.target === target);
const get = (target: string) => `GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
const post = (target: string, body: string) =>
  `POST ${target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

/** Sends these bytes, lets upstream answer once the first request is there, and gives so many answers. */
async function answersTo(bytes: string, count: number) {
  const answers = exchange(proxy.url, bytes, count);
  while (upstream.arrivals.length === 0) await Bun.sleep(1);
  go.resolve();
  return (await answers).map(({ status, body }) => [status, body]);
}

describe("bytes that come while an answer is pending", () => {
  test("two reads in one segment are both answered, in order", async () => {
    expect(await answersTo(get("/slow") + get("/fast"), 2)).toEqual([
      [200, "/slow 0"],
      [200, "/fast 0"],
    ]);
  });

  test("a write and a read are both done, once and in order", async () => {
    const bytes = post("/slow/a", "hello") + get("/fast");
    expect((await answersTo(bytes, 2)).map(([status]) => status)).toEqual([200, 200]);
    expect(upstream.arrivals.map(({ method, target }) => `${method} ${target}`)).toEqual([
      "POST /slow/a",
      "GET /fast",
    ]);
  });

  test.each(["\r\n", "\n", "\r\n\r\n"])("a body with %j behind it is what it says", async (end) => {
    const bytes = `${post("/slow/a", "hello")}${end}${post("/slow/b", "x")}`;
    expect((await answersTo(bytes, 2)).map(([status]) => status)).toEqual([200, 200]);
    expect(upstream.arrivals.map(({ target }) => target)).toEqual(["/slow/a", "/slow/b"]);
  });

  test("what is no request is refused after the answer, not in its place", async () => {
    const answers = await answersTo(`${post("/slow/a", "hello")}GARBAGE\r\n\r\n`, 2);
    expect(answers.map(([status]) => status)).toEqual([200, 400]);
    expect(upstream.arrivals.length).toBe(1);
  });

  test("a hundred requests ahead are answered one by one", async () => {
    const bytes = Array.from({ length: 100 }, (_, at) => get(`/fast/${at}`)).join("");
    const answers = await exchange(proxy.url, bytes, 100);
    expect(answers.map(({ body }) => body)).toEqual(
      Array.from({ length: 100 }, (_, at) => `/fast/${at} 0`),
    );
  });

  test("a client that sends and sends is not read further than a bound", async () => {
    const socket = await connectTo(proxy.url);
    socket.on("error", () => undefined);
    socket.write(get("/slow"));
    const chunk = Buffer.from(get("/fast/ahead").repeat(2000));
    let sent = 0;
    while (sent < 64 << 20 && socket.writableLength < 8 << 20) {
      socket.write(chunk);
      sent += chunk.length;
      await Bun.sleep(1);
    }
    expect(sent).toBeLessThan(64 << 20);
    socket.destroy();
    go.resolve();
  }, 30_000);

  test("chunks with extensions and trailers are the body, and no more", async () => {
    const chunked =
      "POST /fast/chunked HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" +
      "3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: t\r\n\r\n";
    const answers = await exchange(proxy.url, chunked + get("/fast/next"), 2);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    const [written] = arrivalsAt("/fast/chunked");
    expect(written?.body.replaceAll(/\r\n|^\d\r\n/gm, "")).toContain("abc");
    expect(written?.lines.join("\n")).not.toMatch(/x-trailer/i);
    expect(arrivalsAt("/fast/next").length).toBe(1);
  });

  test("`Expect: 100-continue` is answered before the body, once it is wanted", async () => {
    const socket = await connectTo(proxy.url);
    let text = "";
    socket.on("data", (bytes: Buffer) => {
      text += bytes.toString("latin1");
    });
    const head = "PUT /fast/late HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n";
    socket.write(`${head}Content-Length: 5\r\n\r\n`);
    while (!text.includes("100 Continue")) await Bun.sleep(1);
    socket.write("hello");
    while (readResponses(text).length === 0) await Bun.sleep(1);
    expect(readResponses(text)[0]).toMatchObject({ status: 200 });
    expect(arrivalsAt("/fast/late")[0]?.lines.join("\n")).not.toMatch(/expect/i);
    socket.destroy();
  });
});

describe("a refusal", () => {
  test("reaches a client that is still sending", async () => {
    for (let round = 0; round < 20; round++) {
      const socket = await connectTo(proxy.url);
      let text = "";
      let failed: unknown;
      socket.on("data", (bytes: Buffer) => {
        text += bytes.toString("latin1");
      });
      socket.on("error", (error) => {
        failed = error;
      });
      const ended = new Promise<void>((resolve) => socket.on("end", () => resolve()));
      const head = "POST /../x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000000\r\n\r\n";
      socket.write(head + "x".repeat(3_000_000));
      await ended;
      expect(readResponses(text)[0]).toMatchObject({ status: 400 });
      expect(failed).toBeUndefined();
      socket.destroy();
    }
  }, 30_000);

  test("of a HEAD has no body", async () => {
    const socket = await connectTo(proxy.url);
    let text = "";
    socket.on("data", (bytes: Buffer) => {
      text += bytes.toString("latin1");
    });
    socket.write("HEAD / HTTP/1.1\r\n\r\n");
    await new Promise<void>((resolve) => socket.on("end", () => resolve()));
    expect(text).toStartWith("HTTP/1.1 400 Bad Request\r\n");
    expect(text).toEndWith("\r\n\r\n");
  });
});

describe("framing that readers understand in different ways", () => {
  test.each([
    ["a length beside chunks", "Content-Length: 3\r\nTransfer-Encoding: chunked", 400],
    ["two lengths", "Content-Length: 3\r\nContent-Length: 4", 400],
    ["a length with a sign", "Content-Length: +3", 400],
    ["a coding that is not chunked", "Transfer-Encoding: xchunked", 501],
    ["a folded line", "X-A: b\r\n c", 400],
    ["a blank before the colon", "X-A : b", 400],
    ["a line without a colon", "X-A", 400],
    ["two Hosts", "Host: localhost", 400],
    ["a NUL", "X-A: b\0c", 400],
    ["a bare CR", "X-A: b\rX-B: c", 400],
    ["a bare LF", "X-A: b\nX-B: c", 400],
  ])("%s is refused with a Status, and nothing goes upstream", async (_, lines, status) => {
    const bytes = `POST /fast HTTP/1.1\r\nHost: localhost\r\n${lines}\r\n\r\nabc`;
    const [answer, ...others] = await exchange(proxy.url, bytes);
    expect([answer?.status, others.length, upstream.arrivals.length]).toEqual([status, 0, 0]);
    expect(JSON.parse(answer?.body ?? "")).toMatchObject({ kind: "Status", code: status });
  });

  test("two equal lengths are one", async () => {
    const lines = "Content-Length: 3\r\nContent-Length: 3\r\nConnection: close";
    const bytes = `PUT /fast HTTP/1.1\r\nHost: localhost\r\n${lines}\r\n\r\nabc`;
    expect((await exchange(proxy.url, bytes))[0]?.body).toBe("/fast 3");
  });

  test("600 headers pass, and arrive", async () => {
    const lines = Array.from({ length: 600 }, (_, at) => `X-H${at}: v${at}`).join("\r\n");
    const bytes = `GET /fast/many HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${lines}\r\n\r\n`;
    expect((await exchange(proxy.url, bytes))[0]?.status).toBe(200);
    const arrived = arrivalsAt("/fast/many")[0]?.lines.filter((line) =>
      /^x-h\d+: v\d+$/i.test(line),
    );
    expect(arrived?.length).toBe(600);
  });

  test("a head of more than 256 KiB is a 431 of a Status", async () => {
    const bytes = `GET /fast?x=${"a".repeat(300_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
    const [answer] = await exchange(proxy.url, bytes);
    expect(answer?.status).toBe(431);
    expect(JSON.parse(answer?.body ?? "")).toMatchObject({ kind: "Status", code: 431 });
  });
});
