import { describe, expect, test } from "bun:test";

import { lateBody } from "./late-body.ts";

const sizes = [0, 1, (15 << 10) - 1, 15 << 10, 510_302, 4 << 20];

describe("the body of an answer that is not given at once", () => {
  test.each(sizes)("%d bytes are read as they are", async (length) => {
    const bytes = crypto.getRandomValues(new Uint8Array(Math.min(length, 65_536)));
    const whole = new Uint8Array(length).fill(65);
    whole.set(bytes);
    expect(Buffer.compare(await new Response(lateBody(whole)).bytes(), whole)).toBe(0);
    const chunks = await Array.fromAsync(new Response(lateBody(whole)).body ?? []);
    expect(Buffer.compare(Buffer.concat(chunks), whole)).toBe(0);
  });

  const readers: readonly [string, (answer: Response) => Promise<Uint8Array>][] = [
    ["bytes", (answer) => answer.bytes()],
    ["a buffer", async (answer) => new Uint8Array(await answer.arrayBuffer())],
    ["a blob", async (answer) => (await answer.blob()).bytes()],
    ["text", async (answer) => Buffer.from(await answer.text())],
    ["chunks", async (answer) => Buffer.concat(await Array.fromAsync(answer.body ?? []))],
  ];

  test.each(readers)("read as %s is whole where its bytes are given back", async (_, read) => {
    const bytes = new Uint8Array(510_302).fill(67);
    const whole = bytes.slice();
    const answer = new Response(lateBody(bytes, () => bytes.buffer.transfer(0)));
    const taken = await read(answer);
    await nextTurn();
    expect(bytes).toHaveLength(0);
    expect(Buffer.compare(taken, whole)).toBe(0);
  });

  test.each(sizes)("%d bytes go out with their length", async (length) => {
    const whole = new Uint8Array(length).fill(66);
    let sent = 0;
    await using server = serveLate(() => lateBody(whole, () => sent++));
    const response = await fetch(server.url);
    expect(response.headers.get("content-length")).toBe(String(length));
    expect(response.headers.get("transfer-encoding")).toBeNull();
    expect(Buffer.compare(await response.bytes(), whole)).toBe(0);
    await nextTurn();
    expect(sent).toBe(length < 15 << 10 ? 0 : 1);
  });

  test("a client that leaves before the answer, or within it, leaves nothing behind", async () => {
    const begun = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    const whole = new Uint8Array(8 << 20);
    await using server = serveLate(() => lateBody(whole), begun.resolve, go.promise);
    const early = new AbortController();
    const unanswered = fetch(server.url, { signal: early.signal });
    await begun.promise;
    early.abort();
    await expect(unanswered).rejects.toThrow();
    go.resolve();
    const late = new AbortController();
    const within = await fetch(server.url, { signal: late.signal });
    late.abort();
    await expect(within.bytes()).rejects.toThrow();
    expect(await (await fetch(server.url)).bytes()).toHaveLength(whole.length);
    expect(server.pendingRequests).toBe(0);
  });
});

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A server whose answers come a turn of the event loop later, or with `go`. */
function serveLate(body: () => Bun.BodyInit, begun?: () => void, go: Promise<void> = nextTurn()) {
  return Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    development: false,
    fetch: async () => {
      begun?.();
      await go;
      return new Response(body());
    },
  });
}
