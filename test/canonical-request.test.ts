import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import { splitTarget } from "../src/api/query.ts";
import { parseRequestInfo } from "../src/api/request-info.ts";
import { canonicalRequest } from "../src/proxy/canonical-request.ts";
import { isPersonAgent } from "../src/proxy/request-head.ts";
import { call, type Endpoint } from "../src/testing/contract-client.ts";
import { installCustomType } from "../src/testing/contract-fixture.ts";
import { type Apiserver, findAssets, startApiserver } from "../src/testing/envtest.ts";
import { createAll, must } from "./offline-fixture.ts";

const assets = findAssets();
const list = "/api/v1/namespaces/default/configmaps";
const object = `${list}/a`;
const widgets = "/apis/example.com/v1/namespaces/default/widgets";
const widget = `${widgets}/a`;
const deployments = "/apis/apps/v1/namespaces/default/deployments";
const table = "application/json;as=Table;v=v1;g=meta.k8s.io";

interface Asked {
  readonly target: string;
  readonly accept: string;
  readonly agent: string;
}

/** A target, then what differs from a plain client's headers: `Accept: …` or `User-Agent: …`. */
function asked(text: string): Asked {
  const [target = "", ...headers] = text.split(" | ");
  const valueOf = (name: string, otherwise: string) =>
    headers.find((each) => each.startsWith(`${name}: `))?.slice(name.length + 2) ?? otherwise;
  return {
    target,
    accept: valueOf("Accept", "application/json"),
    agent: valueOf("User-Agent", "contract/1"),
  };
}

const curl = "User-Agent: curl/8";

/** Each line is of requests that are answered with the same bytes. */
const alike: readonly (readonly string[])[] = [
  [
    object,
    `${object}?timeout=5s`,
    `${object}?timeout=-1s`,
    `${object}?timeoutSeconds=junk`,
    `${object}?limit=junk&continue=x&watch=1`,
    `${object}?labelSelector=a===b&fieldSelector=junk`,
    `${object}?resourceVersionMatch=junk&allowWatchBookmarks=x&sendInitialEvents=x`,
    `${object}?pretty=`,
    `${object}?pretty=0`,
    `${object}?pretty=junk`,
    `${object}?pretty=false&pretty=true`,
    `${object}?pretty=false | ${curl}`,
    `${object}?resourceVersion=`,
    `${object}///`,
    "/%61pi/v1/namespaces/default/configmaps%2Fa",
    `${object} | Accept: application/json, */*`,
    `${object} | Accept: application/json;charset=utf-8`,
    `${object} | Accept: */*, application/json`,
    `${object} | Accept: application/json;q=0.5`,
  ],
  [
    `${object}?pretty=1`,
    `${object}?pretty=True`,
    `${object} | ${curl}`,
    `${object}?pretty= | ${curl}`,
    `${object} | Accept: application/json;pretty=1`,
  ],
  [widget, `${widget}?limit=junk&timeoutSeconds=x`, `${widget}/`, `${widget}?pretty=false`],
  [`${deployments}/d/scale`, `${deployments}/d/scale?limit=junk&watch=1&timeoutSeconds=x`],
  [`${deployments}/d/status`, `${deployments}/d/status?continue=x&labelSelector=a===b`],
  [
    list,
    `${list}//`,
    `${list}?limit=0`,
    `${list}?limit=-1`,
    `${list}?continue=&resourceVersion=&resourceVersionMatch=`,
    `${list}?labelSelector=&fieldSelector=`,
    `${list}?labelSelector=%20`,
    `${list}?watch=0&watch=1`,
    `${list}?watch=False`,
    `${list}?timeoutSeconds=-1&allowWatchBookmarks=junk`,
    `${list}?timeout=5s&pretty=0`,
    `${list}?%zz=1&a;b`,
    `${list} | Accept: application/json, application/yaml`,
  ],
  [`${list}?limit=2`, `${list}?limit=%2B02`, `${list}?limit=2&limit=1`, `${list}?%6Cimit=%32`],
  [
    `${list}?resourceVersion=0`,
    `${list}?resourceVersion=0&resourceVersionMatch=NotOlderThan&limit=-1`,
  ],
  [
    `${list}?labelSelector=app%3Da`,
    `${list}?labelSelector=app=a`,
    `${list}?labelSelector=app%3d%3da`,
    `${list}?labelSelector=+app+in+(a,a)`,
    `${list}?labelSelector=app%3Da&labelSelector=app%3Db`,
  ],
  [
    `${list}?labelSelector=app+in+(a,b),app&limit=1`,
    `${list}?limit=1&labelSelector=app,app%20in(b%2C+a)`,
  ],
  [`${list}?labelSelector=app%21%3Da`, `${list}?labelSelector=app+notin+(a)`],
  [
    `${list}?fieldSelector=metadata.name%3Da,metadata.namespace%3Ddefault`,
    `${list}?fieldSelector=,metadata.namespace==default,metadata.name=a,`,
  ],
  [
    `${list} | Accept: ${table},application/json`,
    `${list} | Accept: application/json; g=meta.k8s.io; v=v1; as=Table , application/json`,
  ],
  ["/version", "/version?pretty=true&timeout=5s", `/version | ${curl}`, "/version/"],
  ["/api", "/api/", "/api?timeout=5s&pretty=0", "/api | Accept: */*"],
  ["/api?pretty=1", `/api | ${curl}`],
  ["/apis/apps/v1", "/apis/apps/v1/", "/apis/apps/v1?timeout=5s"],
  ["/openapi/v3", "/openapi/v3?pretty=1&timeout=5s", `/openapi/v3 | ${curl}`],
];

/** Each line is of two requests that are answered in different ways. */
const unlike: readonly (readonly [string, string])[] = [
  [object, `${object}?pretty=1`],
  [object, `${object}?export=true`],
  [object, `${object}?timeout=1ns`],
  [object, `${object}?timeout=foo`],
  [object, `${object}%20`],
  [object, `${list}//a`],
  [object, `${object} | Accept: */*, application/yaml`],
  [object, `${object} | Accept: application/json,application/yaml;q=5`],
  [object, `${object} | Accept: APPLICATION/JSON`],
  [object, `${object} | Accept: ${table}`],
  [
    `${object} | Accept: ${table}`,
    `${object} | Accept: application/json;as=Table;v=v1;v=v1beta1;g=meta.k8s.io`,
  ],
  [list, `${list}?limit=`],
  [list, `${list}?limit=9999999999999999999`],
  [list, `${list}?limit=2`],
  [list, `${list}?timeoutSeconds=`],
  [list, `${list}?timeoutSeconds=junk`],
  [list, `${list}?sendInitialEvents=`],
  [list, `${list}?resourceVersionMatch=Exact`],
  [list, `${list}?timeout=1`],
  [`${list}?limit=2`, `${list}?Limit=2`],
  [`${list}?labelSelector=app%3Da`, `${list}?labelSelector=app%3Da,`],
  [`${list}?labelSelector=%FF`, `${list}?labelSelector=%FE`],
  [`${list}?fieldSelector=metadata.name%3Da`, `${list}?fieldSelector=metadata.name%3D+a`],
  [`${list} | Accept: ${table}`, `${list}?includeObject=None | Accept: ${table}`],
  ["/apis", "/apis//"],
  ["/openapi/v2?a=1", "/openapi/v2/?a=1"],
];

function named(name: string) {
  return { metadata: { name, labels: { app: name } } };
}

function formOf({ target, accept, agent }: Asked) {
  const { path, query } = splitTarget(target);
  const head = { accept, isPerson: isPersonAgent(agent) };
  const { timeout: _, ...form } = canonicalRequest(
    parseRequestInfo("GET", path, query),
    target,
    head,
  );
  return form;
}

describe.skipIf(assets === undefined)("requests of one form, to a kube-apiserver", () => {
  let apiserver: Apiserver;
  let direct: Endpoint;

  beforeAll(async () => {
    apiserver = await startApiserver({ assets: assets ?? "" });
    direct = { url: apiserver.url, ca: apiserver.ca, token: apiserver.adminToken };
    await installCustomType(direct, { plural: "widgets", kind: "Widget" });
    await createAll(direct, list, ["a", "b", "c"].map(named));
    const type = { apiVersion: "example.com/v1", kind: "Widget" };
    await createAll(direct, widgets, [{ ...type, ...named("a") }]);
    const template = {
      metadata: { labels: { a: "b" } },
      spec: { containers: [{ name: "c", image: "c" }] },
    };
    const spec = { selector: { matchLabels: { a: "b" } }, template };
    await must(direct, deployments, { method: "POST", body: { metadata: { name: "d" }, spec } });
  }, 60_000);

  afterAll(async () => {
    await apiserver?.stop();
  }, 20_000);

  /** What is answered, without what moves on: the version of the whole store, and the age of a row. */
  const answerTo = async ({ target, accept, agent }: Asked) => {
    const headers = { Accept: accept, "User-Agent": agent };
    const { status, headers: told, text } = await call(direct, target, { headers });
    const still = text
      .replace(/("metadata": ?\{\s*(?:"continue": ?"[^"]*",\s*)?"resourceVersion": ?)"\d+"/, '$1""')
      .replace(/"continue": ?"[^"]*"/, '"continue":""')
      .replaceAll(/"\d+s"/g, '"s"');
    return { status, type: told.get("content-type"), still };
  };

  test.each(alike.map((row) => [row[0] ?? "", row] as const))(
    "%s is one of many",
    async (_, row) => {
      const [first, ...others] = row.map(asked);
      if (first === undefined) throw new Error("an empty line");
      const answer = await answerTo(first);
      expect(answer.status).toBe(200);
      for (const other of others) {
        expect(formOf(other), other.target).toEqual(formOf(first));
        expect(await answerTo(other), JSON.stringify(other)).toEqual(answer);
      }
    },
    20_000,
  );

  test.each(unlike)("%s is not %s", async (one, other) => {
    expect(formOf(asked(one))).not.toEqual(formOf(asked(other)));
    expect(await answerTo(asked(one))).not.toEqual(await answerTo(asked(other)));
  });
});
