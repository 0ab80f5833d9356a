import { afterEach, beforeEach, describe, expect, test } from "bun:test";

import { asResponse } from "../testing/as-response.ts";
import { waitUntil } from "../testing/child-process.ts";
import { constantSource, credentialsFor } from "../testing/credentials.ts";
import { type FakeApiserver, startFakeApiserver } from "../testing/fake-apiserver.ts";
import { type FaultyLink, startFaultyLink } from "../testing/faulty-link.ts";
import { Apiserver, type OutageNews, UnreachableError } from "./apiserver.ts";
import { forward, type ForwardOptions } from "./forward.ts";
import { healthTiming } from "./health-timing.ts";

/** CONTRACT 18 at five times its speed. */
const fast = {
  ...healthTiming(2000),
  patienceMs: 200,
  secondProbeMs: 140,
  verdictMs: 480,
  handshakenMs: 1000,
  retryMs: 200,
  maxRetryMs: 1000,
};
const configMaps = "/api/v1/namespaces/default/configmaps";

let fake: FakeApiserver;
let link: FaultyLink;
let apiserver: Apiserver;
let news: readonly OutageNews["is"][];

function connect(timing = fast): void {
  const authorization = `Bearer ${fake.adminToken}`;
  const credentials = credentialsFor(`http://127.0.0.1:${link.port}`, { authorization });
  apiserver = new Apiserver(constantSource(credentials), timing);
  const told: OutageNews["is"][] = [];
  apiserver.onOutage(({ is }) => told.push(is));
  news = told;
}

interface Sent extends Partial<Omit<ForwardOptions, "target">> {
  readonly method?: string;
  readonly body?: string;
}

async function send(
  target: string,
  { method = "GET", body, ...options }: Sent = {},
): Promise<Response> {
  const init = {
    method,
    headers: { "content-type": "application/json" },
    ...(body === undefined ? {} : { body }),
  };
  const answer = await forward(apiserver, new Request(`http://localhost${target}`, init), {
    target,
    identity: "own",
    signal: new AbortController().signal,
    kind: method === "GET" ? "read" : "write",
    ...options,
  });
  return asResponse(answer);
}

/** The Status that it is rejected with, and what kind of outage is known by then. */
async function rejection(sending: Promise<Response>) {
  const error: unknown = await sending.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof UnreachableError)) throw new Error(`not unreachable: ${String(error)}`);
  return { ...error.status, isKnown: apiserver.outage !== undefined };
}

const configMap = (name: string) =>
  JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name } });

beforeEach(async () => {
  fake = await startFakeApiserver();
  link = await startFaultyLink(fake.port);
  connect();
});

afterEach(async () => {
  link.stop();
  await fake.stop();
});

describe("Apiserver, in a black hole", () => {
  test("a read that waits is rejected when the outage is known, with since when and without Retry-After", async () => {
    await send(configMaps);
    link.blackHole();
    const status = await rejection(send(configMaps));
    expect([status.code, status.reason, status.isKnown]).toEqual([503, "ServiceUnavailable", true]);
    expect(status.message).toMatch(/unreachable since \d{4}-.*: GET \/api/);
    expect(status.details?.retryAfterSeconds).toBeUndefined();
    expect(news).toEqual(["down"]);
  });

  test.each([
    ["POST", configMaps, configMap("a")],
    ["DELETE", `${configMaps}/a`, undefined],
  ])("a %s that waits may have been applied", async (method, target, body) => {
    await send(configMaps);
    link.blackHole();
    const sent = body === undefined ? { method } : { method, body };
    const status = await rejection(send(target, sent));
    expect([status.code, status.reason]).toEqual([504, "Timeout"]);
    expect(status.message).toContain("may have been applied");
  });

  test("what comes later is rejected at once, over no connection", async () => {
    link.blackHole();
    await rejection(send(configMaps));
    const { connections } = link;
    const post = { method: "POST", body: configMap("a") };
    expect((await rejection(send(configMaps, post))).code).toBe(503);
    expect((await rejection(send(configMaps))).code).toBe(503);
    expect(await apiserver.probe("watch")).toBe(false);
    expect(link.connections).toBe(connections);
  });

  test("connections that are half-open afterwards are used by nobody", async () => {
    const many = () => Promise.all(Array.from({ length: 8 }, () => send(configMaps)));
    await many();
    link.blackHole();
    await rejection(send(configMaps));
    link.pass();
    await waitUntil("it is up again", () => apiserver.outage === undefined);
    expect((await many()).map(({ status }) => status)).toEqual(Array(8).fill(200));
    expect(news).toEqual(["down", "up"]);
  });

  test("a watch that passes ends cleanly, a stream stays", async () => {
    const watch = await send(`${configMaps}?watch=1`, { kind: "watch" });
    const log = await send(`${configMaps}?watch=1`, { kind: "stream" });
    link.blackHole();
    await rejection(send(configMaps));
    expect(await watch.text()).toBe("");
    const reading = log.text().then(() => "ended");
    expect(await Promise.race([reading, Bun.sleep(100).then(() => "open")])).toBe("open");
  });

  test("a quiet link is probed, so that it is known before anybody asks", async () => {
    apiserver.startProbing();
    await waitUntil("it was probed", () => fake.faults.arrivals({ path: "/livez" }).length === 1);
    link.blackHole();
    await waitUntil("it is down", () => apiserver.outage !== undefined);
    link.pass();
    await waitUntil("it is up", () => apiserver.outage === undefined);
  });
});

describe("Apiserver, refused", () => {
  test.each(["refuse", "reset"] as const)("%s: the first that fails is told", async (how) => {
    await send(configMaps);
    link[how]();
    expect((await rejection(send(configMaps))).code).toBe(503);
    expect(news).toEqual(["down"]);
    link.pass();
    await waitUntil("it is up again", () => apiserver.outage === undefined);
    expect((await send(configMaps)).status).toBe(200);
  });

  test("a write that was refused has not been applied", async () => {
    link.refuse();
    const post = { method: "POST", body: configMap("a") };
    expect((await rejection(send(configMaps, post))).code).toBe(503);
  });
});

describe("Apiserver, slow", () => {
  test("a webhook that takes long is no outage", async () => {
    fake.faults.add({ kind: "delay", ms: 4000, method: "POST" });
    const created = await send(configMaps, { method: "POST", body: configMap("a") });
    expect([created.status, news]).toEqual([201, []]);
    expect(fake.faults.arrivals({ path: "/livez" }).length).toBeGreaterThan(1);
  });

  test("nor is a list that takes long while livez fails", async () => {
    fake.faults.add({ kind: "answer", code: 500, path: "/livez" });
    fake.faults.add({ kind: "delay", ms: 2000, verb: "list" });
    expect([(await send(configMaps)).status, news]).toEqual([200, []]);
  });

  test.each([400, 1200])(
    "nor are %i ms to and fro with every twentieth connection reset",
    async (ms) => {
      connect(healthTiming(10_000));
      link.slow(ms, 0.05);
      const reads = Array.from({ length: 40 }, () => send(configMaps));
      const answers = await Promise.allSettled(reads);
      expect(answers.filter(({ status }) => status === "fulfilled").length).toBeGreaterThan(35);
      expect(news).toEqual([]);
    },
  );

  test("nor are kept connections that are half-open: a read goes on over a new one", async () => {
    await Promise.all(Array.from({ length: 4 }, () => send(configMaps)));
    link.blackHole();
    link.pass();
    expect([(await send(configMaps)).status, news]).toEqual([200, []]);
  });

  test("nor is the only one that was kept, though a probe finds the server alive on another", async () => {
    await (await send(configMaps)).arrayBuffer();
    link.blackHole();
    link.pass();
    fake.faults.forget();
    const answer = await send(configMaps);
    expect([answer.status, news]).toEqual([200, []]);
    expect(fake.faults.arrivals({ verb: "list" })).toHaveLength(1);
    expect(await answer.text()).toContain("ConfigMapList");
  });

  test("a slow answer over a kept connection is waited for, though it was asked for again", async () => {
    await (await send(configMaps)).arrayBuffer();
    fake.faults.forget();
    fake.faults.add({ kind: "delay", ms: 1800, verb: "list" });
    const began = performance.now();
    expect(await (await send(configMaps)).text()).toContain("ConfigMapList");
    console.log(`the first answer came after ${Math.round(performance.now() - began)} ms`);
    expect([fake.faults.arrivals({ verb: "list" }).length, news]).toEqual([2, []]);
  });

  test("one connection that dies is that connection's matter", async () => {
    await send(configMaps);
    fake.faults.add({ kind: "reset", method: "POST", times: 1 });
    const post = { method: "POST", body: configMap("a") };
    expect(send(configMaps, post)).rejects.toMatchObject({ status: { code: 502 } });
    await send(configMaps);
    expect(news).toEqual([]);
  });
});
