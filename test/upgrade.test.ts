import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import { waitUntil } from "../src/testing/child-process.ts";
import { type ProxyProcess, startProxy } from "../src/testing/proxy-process.ts";
import { type SocketUpstream, startSocketUpstream } from "./upgrade-upstream.ts";

let upstream: SocketUpstream;
let proxy: ProxyProcess;

beforeAll(async () => {
  upstream = startSocketUpstream();
  proxy = await startProxy({ server: upstream.url });
}, 30_000);

afterAll(async () => {
  await proxy?.stop();
  upstream?.stop();
});

interface Client {
  readonly socket: WebSocket;
  readonly messages: unknown[];
  readonly closed: () => Promise<{ readonly code: number; readonly reason: string }>;
}

async function open(
  path: string,
  options: {
    readonly protocols?: readonly string[];
    readonly headers?: Record<string, string>;
  } = {},
  through = proxy,
): Promise<Client> {
  const socket = new WebSocket(through.url.replace("http", "ws") + path, {
    protocols: [...(options.protocols ?? [])],
    headers: options.headers ?? {},
    perMessageDeflate: false,
  } as unknown as string[]);
  socket.binaryType = "arraybuffer";
  const messages: unknown[] = [];
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.addEventListener("close", ({ code, reason }) => resolve({ code, reason }));
  });
  socket.addEventListener("message", ({ data }) => messages.push(data));
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", reject);
  });
  return { socket, messages, closed: () => closed };
}

const other = () => upstream.sockets.at(-1)!;

describe("an upgrade", () => {
  test("keeps the subprotocol that upstream chooses among those asked for", async () => {
    const protocols = ["v5.channel.k8s.io", "v4.channel.k8s.io"];
    const { socket } = await open("/x?protocol=v4.channel.k8s.io", { protocols });
    expect(socket.protocol).toBe("v4.channel.k8s.io");
    const { headers } = upstream.requests.at(-1)!;
    expect(headers.get("sec-websocket-protocol")).toBe("v5.channel.k8s.io, v4.channel.k8s.io");
    expect(headers.get("sec-websocket-extensions")).toBeNull();
    socket.close();
  });

  test("keeps text, binary and empty messages, and their order", async () => {
    const { socket, messages } = await open("/echo");
    socket.send("text ✓");
    socket.send("");
    socket.send(new Uint8Array([0, 255]));
    socket.send(new Uint8Array(0));
    await waitUntil("four came back", () => messages.length === 4);
    expect(
      messages.map((each) =>
        typeof each === "string" ? each : [...new Uint8Array(each as ArrayBuffer)],
      ),
    ).toEqual(["text ✓", "", [0, 255], []]);
    socket.close();
  });

  test("passes what upstream sends before the client is there", async () => {
    const { socket, messages } = await open("/early");
    await waitUntil("all came", () => messages.length === 3);
    expect(messages).toEqual(["one", "", "three"]);
    socket.close();
  });

  test("passes messages of 20 MB whole", async () => {
    const { socket, messages } = await open("/echo");
    const large = new Uint8Array(20 << 20).map((_, at) => at % 251);
    socket.send(large);
    await waitUntil("it came back", () => messages.length === 1, 30);
    expect(Bun.hash(new Uint8Array(messages[0] as ArrayBuffer))).toBe(Bun.hash(large));
    socket.close();
  }, 40_000);

  test.each([
    [1000, "done"],
    [1011, "an error ✗"],
    [3001, ""],
    [4001, "of its own"],
  ])("keeps upstream's close %p %p", async (code, reason) => {
    const { closed } = await open("/quiet");
    other().socket.close(code, reason);
    expect(await closed()).toEqual({ code, reason });
  });

  test.each([
    [1000, "done"],
    [3001, ""],
    [4001, "of its own"],
  ])("keeps the client's close %p %p", async (code, reason) => {
    const { socket } = await open("/quiet");
    const entry = other();
    socket.close(code, reason);
    await waitUntil("upstream is closed", () => entry.closed !== undefined, 2);
    expect(entry.closed).toEqual({ code, reason });
  });

  test("keeps a close without a code in both directions", async () => {
    const first = await open("/quiet");
    other().socket.close(1005);
    expect((await first.closed()).code).toBe(1005);
    const second = await open("/quiet");
    const entry = other();
    second.socket.close();
    await waitUntil("upstream is closed", () => entry.closed !== undefined, 2);
    expect([1000, 1005]).toContain(entry.closed!.code);
  });

  test("ends the client without a close frame when upstream goes without one", async () => {
    const { closed } = await open("/quiet");
    other().socket.terminate();
    expect((await closed()).code).toBe(1006);
  });

  test("ends upstream within a second when the client is gone", async () => {
    const { socket } = await open("/quiet");
    const entry = other();
    socket.terminate();
    await waitUntil("upstream is closed", () => entry.closed !== undefined, 1);
  });

  test("passes pings, whose pongs come from the other end", async () => {
    const { socket } = await open("/quiet");
    const pong = new Promise((resolve) => socket.addEventListener("pong" as "message", resolve));
    socket.ping();
    await pong;
    socket.close();
  });

  test("that upstream refuses has upstream's status and body, asked for once", async () => {
    const before = upstream.requests.length;
    const response = await fetch(`${proxy.url}/refused`, { headers: handshake });
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ reason: "Forbidden", code: 403 });
    expect(response.headers.get("audit-id")).toBe("an-id");
    expect(response.headers.get("x-edge-proxy")).toBe("upstream");
    expect(upstream.requests.length - before).toBe(1);
  });

  test("that upstream has not answered yet is given up when its client leaves", async () => {
    const left = new AbortController();
    const asking = fetch(`${proxy.url}/hanging`, { headers: handshake, signal: left.signal });
    await waitUntil("upstream is asked", () => upstream.requests.at(-1)?.target === "/hanging");
    left.abort();
    await asking.catch(() => undefined);
    await waitUntil("upstream is left", () => upstream.left.length === 1, 1);
  });

  test.each([
    ["a version other than 13", { "sec-websocket-version": "8" }],
    ["a key that is none", { "sec-websocket-key": "x" }],
  ])("with %s is refused before upstream is asked", async (_, wrong) => {
    const before = upstream.requests.length;
    const response = await fetch(`${proxy.url}/x`, { headers: { ...handshake, ...wrong } });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ kind: "Status", reason: "BadRequest" });
    expect(upstream.requests.length).toBe(before);
  });

  test("to SPDY passes the bytes of both sides as they are", async () => {
    const received: string[] = [];
    using server = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        data: (socket, bytes) => {
          const text = bytes.toString("latin1");
          if (!text.includes("/x ") && text.includes("HTTP/1.1"))
            return void socket.end("HTTP/1.1 404 \r\n\r\n");
          received.push(text);
          const head = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n";
          if (text.includes("\r\n\r\n"))
            socket.write(`${head}Upgrade: SPDY/3.1\r\nX-Stream: v4\r\n\r\n\x00early`);
          else socket.end(Buffer.from(`\xffgot ${text}`, "latin1"));
        },
      },
    });
    const through = await startProxy({ server: `http://127.0.0.1:${server.port}` });
    const { hostname, port, host } = new URL(through.url);
    let answer = "";
    const ended = Promise.withResolvers<void>();
    await Bun.connect({
      hostname,
      port: Number(port),
      socket: {
        open: (socket) => {
          const head = `POST /x HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\n`;
          socket.write(`${head}Upgrade: SPDY/3.1\r\n\r\n`);
        },
        data: (socket, bytes) => {
          answer += bytes.toString("latin1");
          if (answer.endsWith("early")) socket.write(Buffer.from("\x80frame", "latin1"));
        },
        close: () => ended.resolve(),
      },
    });
    await ended.promise;
    await through.stop();
    expect(received[0]).toStartWith("POST /x HTTP/1.1\r\n");
    expect(received[0]).toMatch(/^upgrade: SPDY\/3\.1\r$/im);
    expect(answer).toStartWith("HTTP/1.1 101 Switching Protocols\r\n");
    expect(answer).toMatch(/^X-Stream: v4\r$/m);
    expect(answer).toEndWith("\r\n\r\n\x00early\xffgot \x80frame");
  }, 20_000);

  test("with a bearer protocol goes as the caller's", async () => {
    const bearer = `base64url.bearer.authorization.k8s.io.${btoa("alice-token").replaceAll("=", "")}`;
    const protocols = [bearer, "v5.channel.k8s.io"];
    const { socket } = await open("/x?protocol=v5.channel.k8s.io", { protocols });
    const { headers } = upstream.requests.at(-1)!;
    expect(headers.get("sec-websocket-protocol")).toBe(protocols.join(", "));
    expect(headers.get("authorization")).toBeNull();
    socket.close();
  });

  test("slows upstream down while the client does not read", async () => {
    const connection = await stalledClient("/quiet");
    const { socket } = other();
    const chunk = new Uint8Array(1 << 20);
    let sent = 0;
    while (sent < 200 && socket.getBufferedAmount() < 4 << 20) {
      socket.send(chunk);
      sent += 1;
      await Bun.sleep(1);
    }
    expect(sent).toBeLessThan(100);
    connection.terminate();
  }, 30_000);
});

describe("a frame without its end", () => {
  test("passes as it comes, in both directions", async () => {
    let received = Buffer.alloc(0);
    using server = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        data: (socket, bytes) => {
          const text = bytes.toString("latin1");
          if (text.includes("HTTP/1.1") && !text.startsWith("GET /x ")) {
            socket.end("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
          } else if (text.startsWith("GET /x ")) {
            const head = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n";
            socket.write(`${head}Upgrade: websocket\r\nSec-WebSocket-Accept: a\r\n\r\n`);
          } else {
            received = Buffer.concat([received, bytes]);
            socket.write(endless);
          }
        },
      },
    });
    // A binary frame of 60 MiB, of which a kilobyte is there.
    const endless = Buffer.concat([
      new Uint8Array([0x82, 127, 0, 0, 0, 0, 0x03, 0xc0, 0, 0]),
      Buffer.alloc(1024, 7),
    ]);
    const through = await startProxy({ server: `http://127.0.0.1:${server.port}` });
    const { hostname, port, host } = new URL(through.url);
    const lines = Object.entries(handshake).map(([name, value]) => `${name}: ${value}\r\n`);
    let answer = Buffer.alloc(0);
    const client = await Bun.connect({
      hostname,
      port: Number(port),
      socket: {
        open: (socket) => {
          socket.write(`GET /x HTTP/1.1\r\nHost: ${host}\r\n${lines.join("")}\r\n`);
        },
        data: (socket, bytes) => {
          const hadHead = answer.length > 0;
          answer = Buffer.concat([answer, bytes]);
          if (!hadHead) socket.write(endless);
        },
      },
    });
    await waitUntil("upstream has what there is", () => received.length === endless.length);
    await waitUntil("the client has what there is", () => answer.includes(endless));
    expect(Buffer.compare(received, endless)).toBe(0);
    client.terminate();
    await through.stop();
  }, 20_000);
});

describe("an upgrade with a slow upstream", () => {
  test("slows the client down, and loses nothing", async () => {
    const { socket } = await open("/sink");
    const entry = other();
    entry.socket.pause();
    const chunk = new Uint8Array(1 << 20);
    let sent = 0;
    while (sent < 200 && socket.bufferedAmount < 4 << 20) {
      socket.send(chunk);
      sent += 1;
      await Bun.sleep(1);
    }
    expect(sent).toBeLessThan(100);
    entry.socket.resume();
    await waitUntil("all has arrived", () => entry.receivedBytes === sent << 20, 20);
    socket.close();
  }, 30_000);
});

describe("an upgraded connection when the process stops", () => {
  test("may go on for the grace, and is then closed as going away", async () => {
    const short = await startProxy({ server: upstream.url, flags: ["--shutdown-grace", "1s"] });
    const { socket, messages, closed } = await open("/echo", {}, short);
    const entry = other();
    short.signal("SIGTERM");
    socket.send("still here");
    await waitUntil("it came back", () => messages.length === 1);
    expect((await closed()).code).toBe(1001);
    await waitUntil("upstream is closed", () => entry.closed !== undefined, 2);
    expect(await short.stop()).toBe(0);
  }, 20_000);
});

const handshake = {
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};

/** A client that reads its head and nothing else. */
async function stalledClient(path: string): Promise<{ terminate(): void }> {
  const { hostname, port, host } = new URL(proxy.url);
  const lines = Object.entries(handshake).map(([name, value]) => `${name}: ${value}\r\n`);
  const before = upstream.sockets.length;
  const socket = await Bun.connect({
    hostname,
    port: Number(port),
    socket: {
      open: (opened) => {
        opened.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${lines.join("")}\r\n`);
      },
      data: (opened) => opened.pause(),
    },
  });
  await waitUntil("upstream has it", () => upstream.sockets.length > before);
  return { terminate: () => socket.terminate() };
}
