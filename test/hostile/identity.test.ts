import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import { call, type Endpoint, json } from "../../src/testing/contract-client.ts";
import {
  type ContractUpstream,
  startContractUpstream,
} from "../../src/testing/contract-upstream.ts";
import { type ProxyProcess, startProxy } from "../../src/testing/proxy-process.ts";
import { sourceOf, untilCached } from "../offline-fixture.ts";

const configMaps = "/api/v1/namespaces/default/configmaps";

let upstream: ContractUpstream;
let proxy: ProxyProcess;
let direct: Endpoint;

beforeAll(async () => {
  upstream = await startContractUpstream();
  direct = upstream;
  proxy = await startProxy({ kubeconfig: upstream.kubeconfig });
  await call(direct, configMaps, {
    method: "POST",
    body: { kind: "ConfigMap", apiVersion: "v1", metadata: { name: "a" } },
  });
  await untilCached(proxy, configMaps);
}, 90_000);

afterAll(async () => {
  await proxy?.stop();
  await upstream?.stop();
}, 30_000);

const review = {
  method: "POST",
  body: { kind: "SelfSubjectReview", apiVersion: "authentication.k8s.io/v1" },
};
const reviews = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

async function nameFor(headers: Readonly<Record<string, string>>): Promise<string> {
  const answer = await call(proxy, reviews, { ...review, headers });
  return json(answer).status?.userInfo?.username ?? String(answer.status);
}

describe("Impersonate-* without credentials (CONTRACT 21)", () => {
  test("is the node asking for somebody else", async () => {
    const own = await nameFor({});
    expect(await nameFor({ "Impersonate-User": "alice" })).toBe("alice");
    expect(await nameFor({ "Impersonate-User": "" })).toBe(own);
    expect(await nameFor({ Connection: "impersonate-user", "Impersonate-User": "alice" })).toBe(
      own,
    );
  });

  test.each([
    ["a LIST", configMaps],
    ["a GET", `${configMaps}/a`],
    ["a LIST that any state answers", `${configMaps}?resourceVersion=0`],
  ])("%s is not answered from what the node may see", async (_, path) => {
    expect(sourceOf(await call(proxy, path))).toBe("cache");
    const answer = await call(proxy, path, { headers: { "Impersonate-User": "nobody" } });
    expect([answer.status, sourceOf(answer)]).toEqual([403, "upstream"]);
    const empty = await call(proxy, path, { headers: { "Impersonate-User": "" } });
    expect([empty.status, sourceOf(empty)]).toEqual([200, "cache"]);
  });

  test("is beside credentials the caller's own", async () => {
    const headers = { Authorization: "Bearer wrong", "Impersonate-User": "alice" };
    expect((await call(proxy, reviews, { ...review, headers })).status).toBe(401);
  });

  test("shares no flight with the node or with another name", async () => {
    const path = "/apis/apps/v1/namespaces/default/deployments";
    const asked = ["", "alice", "bob", "alice"].map((name) =>
      call(proxy, path, name === "" ? {} : { headers: { "Impersonate-User": name } }),
    );
    const answers = await Promise.all(asked);
    expect(answers.map(({ status }) => status)).toEqual([200, 403, 403, 403]);
    expect(answers.slice(1).map(({ text }) => /User \\"(\w+)\\"/.exec(text)?.[1])).toEqual([
      "alice",
      "bob",
      "alice",
    ]);
  });
});

describe("what a Connection header names", () => {
  test("is gone before an answer is chosen, kept or keyed", async () => {
    const table = "application/json;as=Table;v=v1;g=meta.k8s.io";
    const answer = await call(proxy, `${configMaps}/a`, {
      headers: { Accept: table, Connection: "accept" },
    });
    expect(json(answer).kind).toBe("ConfigMap");
    const shown = await call(proxy, `${configMaps}/a`, { headers: { Accept: table } });
    expect(json(shown).kind).toBe("Table");
  });
});

describe("an offer of h2c", () => {
  test("is ignored: a scope answers, as it does without", async () => {
    const headers = {
      Connection: "Upgrade, HTTP2-Settings",
      Upgrade: "h2c",
      "HTTP2-Settings": "AAMAAABkAAQAAP__",
    };
    const answer = await call(proxy, configMaps, { headers });
    expect([answer.status, sourceOf(answer)]).toEqual([200, "cache"]);
  });
});
