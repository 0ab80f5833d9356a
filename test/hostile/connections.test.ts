import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { waitUntil } from "../../src/testing/child-process.ts";
import { findBinary, type ProxyProcess, startProxy } from "../../src/testing/proxy-process.ts";
import { connectTo } from "../forward-fixture.ts";
import { exchange, readResponses } from "./raw-client.ts";
import { type RawUpstream, startRawUpstream } from "./raw-upstream.ts";

let upstream: RawUpstream;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "edge-proxy-connections-"));
  upstream = startRawUpstream();
});

afterAll(async () => {
  upstream?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** A proxy that may have so many file descriptors. */
async function startLimited(descriptors: number): Promise<ProxyProcess> {
  const binary = join(folder, `limited-${descriptors}`);
  const script = `#!/bin/sh\nulimit -n ${descriptors}\nexec "${findBinary()}" "$@"\n`;
  await writeFile(binary, script, { mode: 0o755 });
  return await startProxy({ binary, server: upstream.url });
}

const head = "GET /version HTTP/1.1\r\nHost: localhost\r\n";

describe("connections", () => {
  test("past what there are descriptors for get a 429 of a Status, and others go on", async () => {
    const proxy = await startLimited(256);
    const sockets: Socket[] = [];
    const told: string[] = [];
    try {
      for (let at = 0; at < 300; at++) {
        const socket = await connectTo(proxy.url);
        socket.on("data", (bytes: Buffer) => told.push(bytes.toString("latin1")));
        sockets.push(socket);
      }
      await waitUntil("some are refused", () => told.length > 0, 5);
      const [refusal] = readResponses(told[0] ?? "");
      expect(refusal).toMatchObject({ status: 429 });
      expect(refusal?.headers.get("retry-after")).toBe("1");
      expect(JSON.parse(refusal?.body ?? "")).toMatchObject({ reason: "TooManyRequests" });
      // Who is in is served.
      sockets[0]?.write(`${head}\r\n`);
      await waitUntil("the first is answered", () => told.some((text) => text.includes("200 OK")));
      for (const socket of sockets) socket.destroy();
      await waitUntil("there is room again", async () => {
        const [answer] = await exchange(proxy.url, `${head}Connection: close\r\n\r\n`);
        return answer?.status === 200;
      });
    } finally {
      for (const socket of sockets) socket.destroy();
      await proxy.stop();
    }
  }, 60_000);
});
