import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import { call } from "../src/testing/contract-client.ts";
import { type FakeApiserver, startFakeApiserver } from "../src/testing/fake-apiserver.ts";
import { kubeconfigText, must, Node, sourceOf } from "./offline-fixture.ts";

const namespace = "/api/v1/namespaces/default";
const list = "/apis/apps/v1/namespaces/default/deployments";
/** Was there when it was asked for first. */
const gone = `${namespace}/configmaps/gone`;
const person = { "User-Agent": "curl/8" };

let fake: FakeApiserver;
let node: Node;

/** What was asked for while upstream was there, and what is asked for when it is not. */
const same: readonly (readonly [seen: string, asked: string, headers?: Record<string, string>])[] =
  [
    ["/version", "/version?timeout=5s"],
    ["/version?timeout=32s", "/version"],
    ["/version", "/version/", person],
    ["/api?timeout=32s", "/api/?pretty=false", { Accept: "*/*" }],
    [namespace, `${namespace}?timeout=5s&timeoutSeconds=5&limit=5`],
    [namespace, `${namespace}?pretty=false`],
    [namespace, `${namespace}?limit=junk&watch=1&labelSelector=a===b`],
    [namespace, `${namespace}?resourceVersion=0`],
    [namespace, "/%61pi/v1/namespaces%2Fdefault//"],
    [namespace, namespace, { Accept: "application/json, */*" }],
    [`${namespace}?pretty=true`, namespace, person],
    [`${list}?labelSelector=a=b`, `${list}?labelSelector=a%3Db`],
    [`${list}?labelSelector=a%3Db`, `${list}?labelSelector=a==b&timeout=9s`],
    [`${list}?labelSelector=a%20in%20(b,c)`, `${list}?labelSelector=a+in+(c%2Cb)&limit=0`],
    [`${list}?fieldSelector=metadata.name%3Da`, `${list}?fieldSelector=metadata.name==a&limit=-1`],
    [`${list}?limit=500`, `${list}?resourceVersion=0&limit=500&watch=0`],
  ];

beforeAll(async () => {
  fake = await startFakeApiserver();
  node = await Node.create({});
  const kubeconfig = `${node.dir}/kubeconfig`;
  await Bun.write(kubeconfig, kubeconfigText(fake.url, fake.adminToken));
  // The lists are not to become scopes: what is kept of them is the answer.
  const flags = ["--kubeconfig", kubeconfig, "--no-cache-resources=apps/deployments"];
  await node.start(flags);
  for (const [path] of same) await must(node, path);
  await must(node, `${namespace}/configmaps`, {
    method: "POST",
    body: { metadata: { name: "gone" } },
  });
  for (const version of ["", "?resourceVersion=0"]) await must(node, gone + version);
  await must(node, gone, { method: "DELETE" });
  expect((await call(node, `${gone}?resourceVersion=0`)).status).toBe(404);
  // An orderly end writes what is not on disk yet.
  await node.end();
  await fake.pause();
  await node.start(flags);
}, 60_000);

afterAll(async () => {
  await node?.stop();
  await fake?.stop();
}, 20_000);

describe("without upstream", () => {
  test.each(same)("what was seen as %s is there as %s", async (_, asked, headers = {}) => {
    const answer = await call(node, asked, { headers });
    expect([answer.status, sourceOf(answer)]).toEqual([200, "replay"]);
  });

  test.each([
    ["/version?other=1"],
    ["/version?timeout=1ns"],
    [`${list}?limit=`],
    [`${list}?limit=500&timeoutSeconds=junk`],
    [gone],
    [`${gone}?resourceVersion=0`],
    [`${namespace}?resourceVersion=5`],
    [`${list}?labelSelector=a=c`],
    [`${list}?labelSelector=a=b&limit=1`],
  ])("%s was never seen", async (asked) => {
    const answer = await call(node, asked);
    expect([answer.status, sourceOf(answer)]).toEqual([503, "reject"]);
  });

  test("a watch by WebSocket is refused, so that its client falls back", async () => {
    const answer = await call(node, `${namespace}/configmaps?watch=1`, {
      headers: {
        Connection: "Upgrade",
        Upgrade: "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
      },
    });
    expect([answer.status, sourceOf(answer)]).toEqual([503, "reject"]);
  });
});
