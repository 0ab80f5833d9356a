import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createServer, type Server } from "node:net";

import { constantSource, credentialsFor } from "../testing/credentials.ts";
import { Apiserver } from "./apiserver.ts";

/** Answers each request, or closes its connection instead. */
let server: Server;
let mode: "answers" | "closes" | "is silent" | "answers slowly";
let heads: string[];
let apiserver: Apiserver;

beforeEach(async () => {
  mode = "answers";
  heads = [];
  server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      const head = bytes.toString();
      const isProbe = head.startsWith("GET /livez");
      if (!isProbe) heads.push(head);
      if (mode === "closes" && !isProbe) socket.end();
      else if (mode !== "is silent" || isProbe) {
        socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no");
        if (mode === "answers slowly" && !isProbe) setTimeout(() => socket.write("k"), 100);
        else socket.write("k");
      }
    });
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
  });
  apiserver = new Apiserver(constantSource(credentialsFor(`http://127.0.0.1:${port}`)));
});

afterEach(() => void server.close());

function send(asked: { headers?: Record<string, string>; signal?: AbortSignal; headMs?: number }) {
  return apiserver.fetch({
    method: "GET",
    target: "/x",
    headers: new Headers(asked.headers),
    identity: "own",
    lane: "bulk",
    signal: asked.signal ?? new AbortController().signal,
    headMs: asked.headMs ?? 5000,
    encoding: "keep",
  });
}

/** The status of a read, that of its error too. */
async function read(asked: Parameters<typeof send>[0] = {}): Promise<number> {
  try {
    const response = await send(asked);
    await response.text();
    return response.status;
  } catch (error) {
    return (error as { status: { code: number } }).status.code;
  }
}

describe("Apiserver", () => {
  test("names itself in client-go's form, unless a name is given, be it empty", async () => {
    await read();
    await read({ headers: { "user-agent": "kubectl/1" } });
    await read({ headers: { "user-agent": "" } });
    const names = heads.map((head) => /^User-Agent: (.*)$/im.exec(head)?.[1]?.trim());
    expect(names).toEqual([
      expect.stringMatching(/^edge-proxy\/\S+ \([a-z0-9]+\/[a-z0-9]+\)$/),
      "kubectl/1",
      "",
    ]);
  });

  test("repeats a read once where its connection fails, also after others did", async () => {
    expect(await read()).toBe(200);
    mode = "closes";
    for (let count = 1; count <= 3; count++) {
      heads = [];
      expect([await read(), heads.length]).toEqual([502, 2]);
    }
  });

  test("gives up without a head in time", async () => {
    mode = "is silent";
    expect(await read({ headMs: 30 })).toBe(504);
  });

  test("leaves the body alone once the head is there", async () => {
    mode = "answers slowly";
    const response = await send({ headMs: 50 });
    expect(await response.text()).toBe("ok");
  });

  test("is ended by its caller, before the head and after", async () => {
    mode = "is silent";
    const before = new AbortController();
    const asking = send({ signal: before.signal });
    before.abort(new Error("left"));
    await expect(asking).rejects.toThrow("left");
    const gone = send({ signal: before.signal });
    await expect(gone).rejects.toThrow("left");
    mode = "answers slowly";
    const after = new AbortController();
    const response = await send({ signal: after.signal });
    after.abort(new Error("left"));
    await expect(response.text()).rejects.toThrow();
  });
});
