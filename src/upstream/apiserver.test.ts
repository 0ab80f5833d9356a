import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createServer, type Server } from "node:net";

import { constantSource, credentialsFor } from "../testing/credentials.ts";
import { Apiserver } from "./apiserver.ts";

/** Answers each request, or closes its connection instead. */
let server: Server;
let mode: "answers" | "closes";
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
      else socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    });
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
  });
  apiserver = new Apiserver(constantSource(credentialsFor(`http://127.0.0.1:${port}`)));
});

afterEach(() => void server.close());

/** The status of a read, that of its error too. */
async function read(headers: Record<string, string> = {}): Promise<number> {
  try {
    const response = await apiserver.fetch({
      method: "GET",
      target: "/x",
      headers: new Headers(headers),
      identity: "own",
      lane: "bulk",
      signal: new AbortController().signal,
      headMs: 5000,
      encoding: "keep",
    });
    await response.text();
    return response.status;
  } catch (error) {
    return (error as { status: { code: number } }).status.code;
  }
}

describe("Apiserver", () => {
  test("names itself in client-go's form, unless a name is given, be it empty", async () => {
    await read();
    await read({ "user-agent": "kubectl/1" });
    await read({ "user-agent": "" });
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
});
