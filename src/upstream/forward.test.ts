import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import { asResponse } from "../testing/as-response.ts";
import { constantSource, credentialsFor } from "../testing/credentials.ts";
import { Apiserver, UnreachableError } from "./apiserver.ts";
import { forward, type ForwardOptions, timeoutMsOf } from "./forward.ts";

/** Sends a half, and the rest when told; `/livez` is answered as long as it lives. */
let server: Bun.Server<undefined>;
let lives = true;
let finish: () => void = () => undefined;
const left: string[] = [];

beforeAll(() => {
  server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    fetch(request) {
      const { pathname } = new URL(request.url);
      if (pathname === "/livez")
        return lives ? new Response("ok") : new Promise<Response>(() => {});
      const body = new ReadableStream({
        start(controller) {
          controller.enqueue("half");
          finish = () => {
            controller.enqueue(" and half");
            controller.close();
          };
        },
        cancel: () => void left.push(pathname),
      });
      return new Response(body);
    },
  });
});

afterAll(() => server.stop(true));

function apiserver(): Apiserver {
  return new Apiserver(constantSource(credentialsFor(`http://127.0.0.1:${server.port}`)));
}

async function send(
  kind: ForwardOptions["kind"],
  target: string,
  more: Partial<ForwardOptions> = {},
): Promise<Response> {
  const answer = await forward(apiserver(), new Request(`http://localhost${target}`), {
    target,
    identity: "own",
    signal: new AbortController().signal,
    kind,
    silenceMs: 20,
    ...more,
  });
  return asResponse(answer);
}

describe("forward", () => {
  test("goes on with a silent body for as long as upstream is alive", async () => {
    const answer = await send("read", "/alive");
    setTimeout(() => finish(), 200);
    expect(await answer.text()).toBe("half and half");
  });

  test("cuts a silent body when upstream is dead, and leaves it", async () => {
    lives = false;
    const answer = await send("read", "/dead");
    expect(answer.text()).rejects.toBeInstanceOf(UnreachableError);
    await answer.text().catch(() => undefined);
    lives = true;
  }, 10_000);

  test("waits for ever for a stream, dead or not", async () => {
    lives = false;
    const answer = await send("stream", "/log");
    setTimeout(() => finish(), 200);
    expect(await answer.text()).toBe("half and half");
    lives = true;
  });

  test("ends a watch cleanly when the process stops", async () => {
    const stopping = new AbortController();
    const answer = await send("watch", "/watch", { stopping: stopping.signal });
    setTimeout(() => stopping.abort(), 50);
    expect(await answer.text()).toBe("half");
  });
});

describe("timeoutMsOf", () => {
  test.each([
    ["/x?timeout=1m30s", 90_000],
    ["/x?a=b&timeout=1.5s", 1500],
    ["/x?timeout=250ms&a=b", 250],
    ["/x?timeout=1h", 3_600_000],
    ["/x?timeout=0", undefined],
    ["/x?timeout=-1s", undefined],
    ["/x?timeout=junk", undefined],
    ["/x?timeout=.5s", 500],
    ["/x?timeout=1%C2%B5s", 0.001],
    ["/x?timeout=1s2x", undefined],
    ["/x?timeout=1s&timeout=2s", 1000],
    ["/x?timeoutSeconds=5", undefined],
    ["/x", undefined],
  ])("%s: %p", (target, ms) => {
    expect(timeoutMsOf(target)).toBe(ms);
  });
});
