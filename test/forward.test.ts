import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { IncomingMessage, ServerResponse } from "node:http";

import { waitUntil } from "../src/testing/child-process.ts";
import { type ProxyProcess, startProxy } from "../src/testing/proxy-process.ts";
import {
  connectTo,
  type PlainUpstream,
  sendRaw,
  startPlainUpstream,
  valuesOf,
} from "./forward-fixture.ts";

let upstream: PlainUpstream;
let proxy: ProxyProcess;
let host: string;
/** Answers of /open whose connection is still there. */
let open = 0;
/** Bytes that the flood has handed over so far. */
let flooded = 0;

beforeAll(async () => {
  upstream = await startPlainUpstream(behave);
  proxy = await startProxy({ server: upstream.url, flags: ["--shutdown-grace", "1s"] });
  host = new URL(proxy.url).host;
}, 30_000);

afterAll(async () => {
  await proxy?.stop();
  upstream?.stop();
}, 20_000);

const gzipped = Bun.gzipSync(Buffer.from("x".repeat(5000)));

function behave(request: IncomingMessage, response: ServerResponse): void {
  const path = (request.url ?? "").split("?")[0]!;
  switch (path) {
    case "/hop":
      response.setHeader("Connection", "keep-alive, X-Hop");
      response.setHeader("Keep-Alive", "timeout=77");
      response.setHeader("X-Hop", "secret");
      response.setHeader("X-Kept", "yes");
      return void response.end("ok");
    case "/gzip":
      response.setHeader("Content-Encoding", "gzip");
      response.setHeader("Content-Length", gzipped.length);
      return void response.end(gzipped);
    case "/either":
      if (!String(request.headers["accept-encoding"]).includes("gzip"))
        return void response.end("x".repeat(5000));
      response.setHeader("Content-Encoding", "gzip");
      return void response.end(gzipped);
    case "/redirect":
      return void response.writeHead(307, { Location: "/elsewhere" }).end();
    case "/none":
      return void response.writeHead(204).end();
    case "/unchanged":
      return void response.writeHead(304, { ETag: '"x"' }).end();
    case "/cookies":
      response.setHeader("Set-Cookie", ["a=1", "b=2"]);
      return void response.end("ok");
    case "/flood":
      return flood(response, 500 << 20);
    case "/short":
      response.writeHead(200, { "Content-Length": 1000 });
      response.write("half");
      return void setTimeout(() => request.socket.destroy(), 20);
    case "/cut":
      response.write("x".repeat(100));
      return void setTimeout(() => request.socket.destroy(), 20);
    case "/digest":
      return void digest(request, response);
    case "/large":
      return void response.writeHead(413, { Connection: "close" }).end("upstream's words");
    case "/open":
      open += 1;
      response.on("close", () => (open -= 1));
      return void response.write("begun");
    case "/unread":
      return;
    default:
      if (path.startsWith("/once/"))
        return void setTimeout(() => response.writableEnded || response.end("ok"), 2);
      response.setHeader("Content-Length", 2);
      return void response.end(request.method === "HEAD" ? undefined : "ok");
  }
}

function flood(response: ServerResponse, length: number): void {
  flooded = 0;
  response.writeHead(200, { "Content-Length": length });
  const chunk = Buffer.alloc(1 << 16);
  const more = () => {
    while (flooded < length) {
      flooded += chunk.length;
      if (!response.write(chunk)) return void response.once("drain", more);
    }
    response.end();
  };
  more();
}

async function digest(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const hasher = new Bun.CryptoHasher("sha256");
  for await (const chunk of request) hasher.update(chunk as Buffer);
  response.end(hasher.digest("hex"));
}

const last = () => upstream.arrivals.at(-1)!;
const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(proxy.url + path, { headers, redirect: "manual", decompress: false } as RequestInit);

describe("headers of a forwarded request", () => {
  test("that concern one connection stay behind, named ones too", async () => {
    const answer = await sendRaw(proxy.url, [
      "GET /hop HTTP/1.1",
      `Host: ${host}`,
      "Connection: X-Named, keep-alive",
      "X-Named: secret",
      "TE: trailers",
      "Proxy-Connection: keep-alive",
      "Keep-Alive: timeout=5",
      "X-Kept: yes",
    ]);
    for (const name of ["x-named", "te", "proxy-connection"])
      expect(valuesOf(last(), name)).toEqual([]);
    expect(valuesOf(last(), "x-kept")).toEqual(["yes"]);
    expect(answer.headers.get("x-kept")).toBe("yes");
    expect(answer.headers.has("x-hop")).toBe(false);
    expect(answer.headers.get("keep-alive")).not.toBe("timeout=77");
    expect(answer.headers.get("x-edge-proxy")).toBe("upstream");
  });

  test.each([
    ["X-Forwarded-For"],
    ["X-Forwarded-User"],
    ["X-Remote-User"],
    ["X-Remote-Group"],
    ["X-Remote-Extra-Scopes"],
    ["Forwarded"],
  ])("%s of a caller is dropped", async (name) => {
    await get("/x", { [name]: "system:admin" });
    expect(valuesOf(last(), name.toLowerCase())).toEqual([]);
  });

  test("that are repeated for impersonation stay lines of their own", async () => {
    const lines = ["Impersonate-Group: g1", "Impersonate-Group: g2", "Impersonate-Extra-Scopes: a"];
    const user = "Impersonate-User: CN=a, O=b";
    const answer = await sendRaw(proxy.url, ["GET /x HTTP/1.1", `Host: ${host}`, user, ...lines]);
    expect(answer.body.toString()).toBe("ok");
    expect(answer.headers.get("x-edge-proxy")).toBe("upstream");
    expect(valuesOf(last(), "impersonate-group")).toEqual(["g1", "g2"]);
    expect(valuesOf(last(), "impersonate-extra-scopes")).toEqual(["a"]);
    expect(valuesOf(last(), "impersonate-user")).toEqual(["CN=a, O=b"]);
    const one = ["Impersonate-User: a", "Impersonate-Group: CN=g, O=h"];
    await sendRaw(proxy.url, ["GET /x HTTP/1.1", `Host: ${host}`, ...one]);
    expect(valuesOf(last(), "impersonate-group")).toEqual(["CN=g, O=h"]);
    expect(valuesOf(last(), "authorization")).toEqual([]);
  });

  test("name the caller's client, or none", async () => {
    await sendRaw(proxy.url, ["GET /x HTTP/1.1", `Host: ${host}`, "User-Agent: mine/1"]);
    expect(valuesOf(last(), "user-agent")).toEqual(["mine/1"]);
    const groups = ["Impersonate-Group: g1", "Impersonate-Group: g2", "Impersonate-User: a"];
    for (const lines of [[], groups])
      for (const method of ["GET", "DELETE"]) {
        await sendRaw(proxy.url, [`${method} /x HTTP/1.1`, `Host: ${host}`, ...lines]);
        expect(valuesOf(last(), "user-agent").join("")).toBe("");
      }
  });

  test("and the target are what came, escapes and order kept", async () => {
    const target = "/a%2Fb//c;d?z=1&a=%20&z=2";
    await sendRaw(proxy.url, [`GET ${target} HTTP/1.1`, `Host: ${host}`]);
    expect(last().target).toBe(target);
  });
});

describe("a forwarded answer", () => {
  test("in gzip stays in gzip, with its length", async () => {
    const answer = await get("/gzip", { "accept-encoding": "gzip" });
    expect(answer.headers.get("content-encoding")).toBe("gzip");
    expect(answer.headers.get("content-length")).toBe(String(gzipped.length));
    expect(Buffer.from(await answer.bytes()).equals(gzipped)).toBe(true);
  });

  test.each([[[]], [["Impersonate-Group: g1", "Impersonate-Group: g2"]]])(
    "is plain for who takes no gzip (%p)",
    async (lines) => {
      const head = ["GET /either HTTP/1.1", `Host: ${host}`, ...(lines as readonly string[])];
      const answer = await sendRaw(proxy.url, head);
      expect(answer.headers.has("content-encoding")).toBe(false);
      expect(answer.body.toString()).toBe("x".repeat(5000));
    },
  );

  test("to HEAD has the length and no body", async () => {
    const answer = await sendRaw(proxy.url, ["HEAD /x HTTP/1.1", `Host: ${host}`]);
    expect([answer.status, answer.headers.get("content-length"), answer.body.length]).toEqual([
      200,
      "2",
      0,
    ]);
  });

  test.each([
    ["/none", 204],
    ["/unchanged", 304],
  ])("%s has no body", async (path, status) => {
    const answer = await sendRaw(proxy.url, [`GET ${path} HTTP/1.1`, `Host: ${host}`]);
    expect([answer.status, answer.body.length]).toEqual([status, 0]);
    expect(answer.headers.has("transfer-encoding")).toBe(false);
  });

  test("that redirects is passed, not followed", async () => {
    const answer = await get("/redirect");
    expect([answer.status, answer.headers.get("location")]).toEqual([307, "/elsewhere"]);
  });

  test("keeps its cookies apart", async () => {
    expect((await get("/cookies")).headers.getSetCookie()).toEqual(["a=1", "b=2"]);
  });

  // With a bar in it a target goes by node:http, as fetch might encode it.
  test.each(["/short", "/cut", "/short?|", "/cut?|"])(
    "that breaks off (%s) is never whole",
    async (path) => {
      const read = get(path).then(async (answer) => {
        const text = await answer.text();
        return answer.status === 200 ? "whole" : (JSON.parse(text) as { kind: string }).kind;
      });
      expect(["Status", "broke off"]).toContain(await read.catch(() => "broke off"));
    },
  );
});

describe("an answer without an end", () => {
  test.each(["/open", "/open?|"])(
    "is left upstream within a second of its client (%s)",
    async (path) => {
      const left = new AbortController();
      const answer = await fetch(proxy.url + path, { signal: left.signal });
      const { value } = await answer.body!.getReader().read();
      expect([new TextDecoder().decode(value), open]).toEqual(["begun", 1]);
      left.abort();
      await waitUntil("upstream is left", () => open === 0, 1);
    },
  );
});

describe("a write", () => {
  test("is sent once, also while all connections are reset again and again", async () => {
    const methods = ["PUT", "DELETE", "PATCH", "POST"];
    const failed: number[] = [];
    const write = async (at: number) => {
      const method = methods[at % methods.length]!;
      const body = at % 8 < 4 ? null : "x".repeat(at);
      const answer = await fetch(`${proxy.url}/once/${at}`, { method, body });
      await answer.body?.cancel();
      if (answer.status === 502) failed.push(at);
    };
    const resetting = setInterval(() => upstream.resetConnections(), 3);
    for (let at = 0; at < 400; at += 10)
      await Promise.all(Array.from({ length: 10 }, (_, more) => write(at + more)));
    clearInterval(resetting);
    const targets = upstream.arrivals.map(({ target }) => target);
    const once = targets.filter((target) => target.startsWith("/once/"));
    expect(once.length).toBeGreaterThan(0);
    expect(failed.length).toBeGreaterThan(0);
    expect(once.length).toBe(new Set(once).size);
  }, 30_000);
});

describe("a large body", () => {
  test("is not pulled from upstream faster than the client reads", async () => {
    const socket = await connectTo(proxy.url);
    socket.pause();
    socket.write(`GET /flood HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    let before = -1;
    const isStill = async () => {
      if (flooded > 0 && flooded === before) return true;
      before = flooded;
      await Bun.sleep(300);
      return false;
    };
    await waitUntil("nothing more is pulled", isStill, 20);
    expect(flooded).toBeLessThan(64 << 20);
    let received = 0;
    for await (const chunk of socket) received += (chunk as Buffer).length;
    expect(received).toBeGreaterThan(500 << 20);
  }, 60_000);

  test.each([["PUT"], ["POST"]])(
    "of 50 MB goes up by %s as it is",
    async (method) => {
      const body = Buffer.alloc(50 << 20, "0123456789abcdef-");
      const answer = await fetch(`${proxy.url}/digest`, { method, body });
      expect(await answer.text()).toBe(new Bun.CryptoHasher("sha256").update(body).digest("hex"));
      expect(valuesOf(last(), "content-length")).toEqual([String(body.length)]);
    },
    30_000,
  );

  test("that upstream finds too large is refused in upstream's words, before it is sent", async () => {
    const socket = await connectTo(proxy.url);
    const length = 3 * 2 ** 30;
    const head = `POST /large HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${length}\r\n\r\n`;
    socket.write(head + "x".repeat(100_000));
    let answer = "";
    socket.on("data", (chunk: Buffer) => (answer += chunk.toString()));
    await waitUntil("upstream's words are there", () => answer.includes("upstream's words"));
    expect(answer).toStartWith("HTTP/1.1 413");
    socket.destroy();
  });

  test("goes up repeated headers and all", async () => {
    const body = Buffer.alloc(5 << 20, "0123456789abcdef-");
    const groups = ["Impersonate-Group: g1", "Impersonate-Group: g2"];
    const length = `Content-Length: ${body.length}`;
    const head = ["POST /digest HTTP/1.1", `Host: ${host}`, ...groups, length];
    const answer = await sendRaw(proxy.url, head, body.toString("latin1"));
    expect(answer.body.toString()).toBe(new Bun.CryptoHasher("sha256").update(body).digest("hex"));
    expect(valuesOf(last(), "impersonate-group")).toEqual(["g1", "g2"]);
    expect(valuesOf(last(), "content-length")).toEqual([String(body.length)]);
  });

  test("is not taken from the client faster than upstream reads", async () => {
    const socket = await connectTo(proxy.url);
    const length = 200 << 20;
    socket.write(`POST /unread HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${length}\r\n\r\n`);
    const chunk = Buffer.alloc(1 << 20);
    let sent = 0;
    while (sent < 200) {
      sent += 1;
      if (socket.write(chunk)) continue;
      const drained = new Promise((resolve) => socket.once("drain", () => resolve(true)));
      if (!(await Promise.race([drained, Bun.sleep(1500)]))) break;
    }
    expect(sent).toBeLessThan(64);
    socket.destroy();
  }, 60_000);
});
