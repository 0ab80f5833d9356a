import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import { waitUntil } from "../src/testing/child-process.ts";
import {
  type Answer,
  type Call,
  call,
  callBytes,
  json,
  type Loose,
  names,
} from "../src/testing/contract-client.ts";
import { installWidgets } from "../src/testing/contract-fixture.ts";
import {
  create,
  createNamespace,
  podSpec,
  type RuledCluster,
  startRuled,
} from "./rules-fixture.ts";

const rules = `
rules:
  - name: no-skipped
    match: { resources: [pods, configmaps, events, serviceaccounts, example.com/*, apps/*], namespaces: [hidden] }
    hide: { namePrefix: skip- }
  - name: no-message
    match: { resources: [events], namespaces: [hidden] }
    trim: [message]
  - name: no-paged
    match: { resources: [serviceaccounts], namespaces: [paged] }
    hide: { namePrefix: skip- }
  - name: no-drafts
    match: { resources: [pods, configmaps, apps/*, serviceaccounts, example.com/*], namespaces: [hidden] }
    hide: { labelSelector: "state=draft,kind!=special" }
`;

const place = "/api/v1/namespaces/hidden";
let cluster: RuledCluster;

beforeAll(async () => {
  cluster = await startRuled(rules, ["--no-cache-resources=serviceaccounts"]);
  const { upstream } = cluster;
  await installWidgets({ ...upstream, direct: upstream });
  await createNamespace(cluster, "hidden");
  for (const [name, labels] of [
    ["shown", {}],
    ["skip-a", {}],
    ["draft", { state: "draft" }],
  ] as const) {
    await create(cluster, `${place}/pods`, name, { ...podSpec, labels });
    await create(cluster, `${place}/configmaps`, name, { data: { k: "v" }, labels });
    await create(cluster, `${place}/serviceaccounts`, name, { labels });
    const widget = { apiVersion: "example.com/v1", kind: "Widget", labels };
    await create(cluster, "/apis/example.com/v1/namespaces/hidden/widgets", name, widget);
  }
}, 60_000);

afterAll(async () => {
  await cluster?.stop();
}, 20_000);

const send = (path: string, options: Call = {}) => call(cluster.own, path, options);

/** What a caller sees of an answer, but for its time and its id, and for the name that was asked for. */
function seen(answer: Answer, name: string): Loose {
  const headers = [...answer.headers].filter(([each]) => !["audit-id", "date"].includes(each));
  return [answer.status, answer.text.replaceAll(name, "NAME"), Object.fromEntries(headers)];
}

/** Each hidden name, and one of its length that is not there. */
const hiddenNames = [
  ["skip-a", "none-a"],
  ["draft", "none5"],
] as const;

const merge = { method: "PATCH", contentType: "application/merge-patch+json", body: {} };
const binding = (name: string) => ({
  method: "POST",
  body: { metadata: { name }, target: { kind: "Node", name: "n" } },
});
const scale = (name: string) => ({
  apiVersion: "autoscaling/v1",
  kind: "Scale",
  metadata: { name },
  spec: { replicas: 1 },
});

/** Path and options of a request for the object of this name. */
type Asking = (name: string) => readonly [string, Call?];

const asking: readonly (readonly [string, Asking])[] = [
  ["GET", (name) => [`${place}/configmaps/${name}`]],
  [
    "GET for a person",
    (name) => [`${place}/configmaps/${name}`, { headers: { "User-Agent": "curl/8" } }],
  ],
  [
    "GET of metadata",
    (name) => [
      `${place}/configmaps/${name}`,
      { headers: { Accept: "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io" } },
    ],
  ],
  [
    "GET of a Table",
    (name) => [
      `${place}/configmaps/${name}`,
      { headers: { Accept: "application/json;as=Table;v=v1;g=meta.k8s.io" } },
    ],
  ],
  [
    "GET in protobuf",
    (name) => [
      `${place}/configmaps/${name}`,
      { headers: { Accept: "application/vnd.kubernetes.protobuf" } },
    ],
  ],
  ["GET of what is not cached", (name) => [`${place}/serviceaccounts/${name}`]],
  ["HEAD", (name) => [`${place}/configmaps/${name}`, { method: "HEAD" }]],
  [
    "GET of a custom resource",
    (name) => [`/apis/example.com/v1/namespaces/hidden/widgets/${name}`],
  ],
  [
    "HEAD of a custom resource",
    (name) => [`/apis/example.com/v1/namespaces/hidden/widgets/${name}`, { method: "HEAD" }],
  ],
  ["GET of its status", (name) => [`${place}/pods/${name}/status`]],
  ["DELETE", (name) => [`${place}/configmaps/${name}`, { method: "DELETE" }]],
  [
    "DELETE in protobuf",
    (name) => [
      `${place}/configmaps/${name}`,
      { method: "DELETE", headers: { Accept: "application/vnd.kubernetes.protobuf" } },
    ],
  ],
  ["a dry DELETE", (name) => [`${place}/configmaps/${name}?dryRun=All`, { method: "DELETE" }]],
  ["PATCH", (name) => [`${place}/configmaps/${name}`, merge]],
  [
    "PATCH by a person",
    (name) => [`${place}/configmaps/${name}`, { ...merge, headers: { "User-Agent": "curl/8" } }],
  ],
  [
    "PUT",
    (name) => [`${place}/configmaps/${name}`, { method: "PUT", body: { metadata: { name } } }],
  ],
  [
    "PUT of its status",
    (name) => [
      `${place}/pods/${name}/status`,
      { method: "PUT", body: { metadata: { name }, ...podSpec } },
    ],
  ],
  ["binding", (name) => [`${place}/pods/${name}/binding`, binding(name)]],
  ["a dry binding", (name) => [`${place}/pods/${name}/binding?dryRun=All`, binding(name)]],
  ["bindings", (name) => [`${place}/bindings`, binding(name)]],
  ["dry bindings", (name) => [`${place}/bindings?dryRun=All`, binding(name)]],
  [
    "eviction",
    (name) => [`${place}/pods/${name}/eviction`, { method: "POST", body: { metadata: { name } } }],
  ],
  ["ephemeralcontainers", (name) => [`${place}/pods/${name}/ephemeralcontainers`, merge]],
  ["resize", (name) => [`${place}/pods/${name}/resize`, merge]],
  ["log", (name) => [`${place}/pods/${name}/log`]],
  ["exec", (name) => [`${place}/pods/${name}/exec?command=ls`, { method: "POST" }]],
  ["proxy", (name) => [`${place}/pods/${name}/proxy/`]],
  ["proxy with a scheme and a port", (name) => [`${place}/pods/https:${name}:80/proxy/`]],
  [
    "proxy with a port",
    (name) => [`${place}/pods/${name}:80/proxy/x`, { method: "POST", body: {} }],
  ],
  [
    "token",
    (name) => [`${place}/serviceaccounts/${name}/token`, { method: "POST", body: { spec: {} } }],
  ],
  [
    "scale of a deployment",
    (name) => [`/apis/apps/v1/namespaces/hidden/deployments/${name}/scale`],
  ],
  [
    "PUT of a scale",
    (name) => [
      `/apis/apps/v1/namespaces/hidden/deployments/${name}/scale`,
      { method: "PUT", body: scale(name) },
    ],
  ],
];

describe("what is hidden is as what is not there", () => {
  test.each(asking)("for %s", async (_, ask) => {
    const of = async (name: string) => seen(await send(...ask(name)), name);
    for (const [name, missing] of hiddenNames) expect(await of(name)).toEqual(await of(missing));
  });

  test("and is there still", async () => {
    for (const name of ["skip-a", "draft"]) {
      const pod = json(await call(cluster.upstream, `${place}/pods/${name}`));
      expect(pod.spec.nodeName).toBeUndefined();
      expect((await call(cluster.upstream, `${place}/configmaps/${name}`)).status).toBe(200);
    }
  });

  test("when it is cached too", async () => {
    const path = `${place}/configmaps`;
    await waitUntil(
      "it is cached",
      async () => (await send(path)).headers.get("x-edge-proxy") === "cache",
    );
    const of = async (name: string) => seen(await send(`${path}/${name}`), name);
    for (const [name, missing] of hiddenNames) expect(await of(name)).toEqual(await of(missing));
  });
});

describe("a Binding", () => {
  const target = '"target":{"kind":"Node","name":"n"}';
  test.each([
    ["a name given twice", `{"metadata":{"name":"shown","name":"skip-a"},${target}}`, 404],
    ["metadata given twice", `{"metadata":{"name":"skip-a"},"metadata":{},${target}}`, 400],
  ])("is sent as it was read: %s", async (_, body, status) => {
    const answer = await send(`${place}/bindings?dryRun=All`, { method: "POST", body });
    expect([answer.status, answer.text.includes("Success")]).toEqual([status, false]);
  });

  test("that cannot be looked into is refused with the rule's name", async () => {
    for (const contentType of ["application/yaml", "application/vnd.kubernetes.protobuf"]) {
      const body = "metadata:\n  name: skip-a\n";
      const answer = await send(`${place}/bindings`, { method: "POST", body, contentType });
      expect([answer.status, answer.text.includes("no-skipped")]).toEqual([403, true]);
    }
  });

  test("of a pod that is shown passes", async () => {
    const answer = await send(`${place}/bindings?dryRun=All`, binding("shown"));
    expect([answer.status, json(answer).status]).toEqual([201, "Success"]);
  });
});

describe("pages", () => {
  const path = "/api/v1/namespaces/paged/serviceaccounts";
  const shown = ["a", "m", "z"];

  beforeAll(async () => {
    await createNamespace(cluster, "paged");
    const all = [...shown, "b-skip", "skip-1", "skip-2", "skip-3", "skip-4"];
    await Promise.all(all.map((name) => create(cluster, path, name)));
  });

  test.each([
    ["objects", "application/json"],
    ["a Table", "application/json;as=Table;v=v1;g=meta.k8s.io"],
    ["metadata", "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"],
  ])("of %s go on without a name of what is hidden, nor a count", async (_, accept) => {
    const headers = { Accept: accept };
    const found: string[] = [];
    let token = "";
    do {
      const query = `limit=2&continue=${encodeURIComponent(token)}`;
      const answer = await send(`${path}?${query}`, { headers });
      expect([answer.text, answer.status]).toEqual([answer.text, 200]);
      const { metadata, rows, items } = json(answer);
      for (const each of rows ?? items) found.push((each.object ?? each).metadata.name);
      expect(metadata.remainingItemCount).toBeUndefined();
      token = metadata.continue ?? "";
      expect(Buffer.from(token, "base64url").toString("latin1")).not.toContain("skip");
    } while (token !== "");
    expect(found).toEqual(["a", "b-skip", "m", "z"]);
  });

  test("in protobuf too, and one that is too old says no name either", async () => {
    const Accept = "application/vnd.kubernetes.protobuf";
    const page = await callBytes(cluster.own, `${path}?limit=3`, { headers: { Accept } });
    const [token = ""] = /edge-proxy\.[-\w]+/.exec(page.bytes.toString("latin1")) ?? [];
    expect([token === "", page.bytes.includes("eyJ")]).toEqual([false, false]);
    const rest = await callBytes(cluster.own, `${path}?limit=9&continue=${token}`, {
      headers: { Accept },
    });
    expect([rest.status, rest.bytes.includes("skip-"), rest.bytes.includes("z")]).toEqual([
      200,
      false,
      true,
    ]);
    const foreign = await send(`${path}?limit=3&continue=edge-proxy.AAAA`);
    expect([foreign.status, json(foreign).reason]).toEqual([410, "Expired"]);
  });
});

describe("events", () => {
  const groups = ["/api/v1", "/apis/events.k8s.io/v1"];

  test("are hidden under both of their groups, and not deleted as a collection", async () => {
    for (const name of ["a", "skip-a"]) {
      const involvedObject = { kind: "Pod", name: "shown", namespace: "hidden" };
      await create(cluster, `${place}/events`, name, { involvedObject, message: "secret" });
    }
    for (const group of groups) {
      const path = `${group}/namespaces/hidden/events`;
      const list = await send(path);
      expect([group, names(json(list))]).toEqual([group, ["a"]]);
      expect([group, list.text.includes("secret")]).toEqual([group, false]);
      expect([group, (await send(`${path}/skip-a`)).status]).toEqual([group, 404]);
      const all = await send(path, { method: "DELETE" });
      expect([group, all.status, all.text.includes("no-skipped")]).toEqual([group, 403, true]);
    }
    expect((await call(cluster.upstream, `${place}/events/skip-a`)).status).toBe(200);
  });
});
