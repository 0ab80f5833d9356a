import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { ServerResponse } from "node:http";

import { waitUntil } from "../src/testing/child-process.ts";
import { call } from "../src/testing/contract-client.ts";
import { type ProxyProcess, startProxy } from "../src/testing/proxy-process.ts";
import { type PlainUpstream, startPlainUpstream } from "./forward-fixture.ts";

const list = "/api/v1/namespaces/a/configmaps";
/** In this form it is no scope's. */
const Accept = "application/json;as=Table;v=v1;g=meta.k8s.io";

let upstream: PlainUpstream;
let proxy: ProxyProcess;
/** Answers that wait for the end of their test. */
let held: ServerResponse[] = [];

beforeAll(async () => {
  upstream = await startPlainUpstream((request, response) => {
    if (request.url?.startsWith(list) === true) held.push(response);
    else response.end("{}");
  });
  proxy = await startProxy({ server: upstream.url });
}, 30_000);

afterAll(async () => {
  await proxy?.stop();
  upstream?.stop();
}, 20_000);

/** How many of both are sent upstream, the second while the first is under way. */
async function sentOf(first: string, second: string): Promise<number> {
  held = [];
  const answers = [call(proxy, first, { headers: { Accept } })];
  await waitUntil("the first is there", () => held.length === 1);
  answers.push(call(proxy, second, { headers: { Accept } }));
  await waitUntil("both are in flight", async () => {
    const metrics = await (await fetch(`${proxy.adminUrl}/metrics`)).text();
    return /^edge_proxy_requests_in_flight 2$/m.test(metrics);
  });
  // What the second has to send is on its way before this.
  await call(proxy, "/version?after=it");
  const sent = held.length;
  for (const response of held) response.end("{}");
  await Promise.all(answers);
  return sent;
}

describe("a read while another is under way", () => {
  test.each([
    [`${list}?resourceVersion=0&limit=5&a=1`, `${list}/?a=%31&limit=05&resourceVersion=0&watch=0`],
    [
      `${list}?resourceVersion=0&timeout=60s`,
      `${list}?timeout=1m&timeoutSeconds=7&resourceVersion=0`,
    ],
    [
      `${list}?resourceVersion=5&labelSelector=a=b`,
      `${list}?labelSelector=a+in(b)&resourceVersion=5`,
    ],
  ])("%s is joined by %s", async (first, second) => {
    expect(await sentOf(first, second)).toBe(1);
  });

  test.each([
    // A 400 is for who has asked for it.
    [`${list}?resourceVersion=0`, `${list}?resourceVersion=0&limit=`],
    [`${list}?resourceVersion=0&timeoutSeconds=junk`, `${list}?resourceVersion=0`],
    [`${list}?resourceVersion=0&timeout=junk`, `${list}?resourceVersion=0`],
    // Who has less time would end it.
    [`${list}?resourceVersion=0&timeout=1s`, `${list}?resourceVersion=0`],
    [`${list}?resourceVersion=0`, `${list}?resourceVersion=5`],
  ])("%s is not joined by %s", async (first, second) => {
    expect(await sentOf(first, second)).toBe(2);
  });
});
