import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import { call, json, type Loose, watch } from "../src/testing/contract-client.ts";
import { exchange } from "./hostile/raw-client.ts";
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
    match: { resources: [configmaps, pods], namespaces: [hiding] }
    hide: { namePrefix: skip- }
  - name: no-drafts
    match: { resources: [pods], namespaces: [hiding] }
    hide: { labelSelector: state=draft }
  - name: no-data
    match: { resources: [configmaps], namespaces: [trimming] }
    trim: [data]
  - name: names-only
    match: { resources: [configmaps], namespaces: [keeping] }
    keep: [metadata.name, metadata.namespace]
`;

const hiding = "/api/v1/namespaces/hiding";
let cluster: RuledCluster;

beforeAll(async () => {
  cluster = await startRuled(rules);
  for (const name of ["hiding", "trimming", "keeping"]) {
    const path = await createNamespace(cluster, name);
    for (const each of ["a", "skip-a"])
      await create(cluster, `${path}/configmaps`, each, { data: { k: `secret-${each}` } });
  }
  await create(cluster, `${hiding}/pods`, "skip-p", podSpec);
  await create(cluster, `${hiding}/pods`, "draft-p", { ...podSpec, labels: { state: "draft" } });
}, 60_000);

afterAll(async () => {
  await cluster?.stop();
}, 20_000);

/** Asks for an upgrade; the answer, and what of a tunnel came within its first bytes. */
async function upgraded(path: string, protocol = "websocket") {
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: ${new URL(cluster.own.url).host}`,
    // An apiserver takes no WebSocket for a watch without one.
    `Origin: ${cluster.own.url}`,
    "Connection: Upgrade",
    `Upgrade: ${protocol}`,
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: MTIzNDU2Nzg5MDEyMzQ1Ng==",
    "Sec-WebSocket-Protocol: v5.channel.k8s.io",
  ];
  const [answer] = await exchange(cluster.own.url, `${lines.join("\r\n")}\r\n\r\n`, 1);
  return answer!;
}

describe("an upgraded connection, by rules", () => {
  test.each([
    ["/api/v1/namespaces/hiding/configmaps?watch=1", "no-skipped"],
    ["/api/v1/watch/namespaces/hiding/configmaps", "no-skipped"],
    ["/api/v1/watch/namespaces/hiding/configmaps/skip-a", "no-skipped"],
    ["/api/v1/configmaps?watch=true", "no-skipped"],
    ["/api/v1/namespaces/hiding/configmaps", "no-skipped"],
    ["/api/v1/namespaces/hiding/configmaps/skip-a", "no-skipped"],
    ["/api/v1/namespaces/hiding/pods/skip-p/status", "no-skipped"],
    ["/api/v1/namespaces/trimming/configmaps?watch=1", "no-data"],
    ["/api/v1/namespaces/trimming/configmaps/a", "no-data"],
    ["/api/v1/namespaces/keeping/configmaps?watch=1", "names-only"],
  ])("does not show objects: %s", async (path, rule) => {
    for (const protocol of ["websocket", "WebSocket", "SPDY/3.1"]) {
      const { status, body } = await upgraded(path, protocol);
      expect([protocol, status, body.includes(`\\"${rule}\\"`)]).toEqual([protocol, 406, true]);
      expect(body).not.toContain("secret");
    }
  });

  test.each(["exec?command=ls", "attach", "portforward?ports=80", "log", "proxy/"])(
    "a hidden pod is not there for %s",
    async (subresource) => {
      for (const name of ["skip-p", "draft-p"]) {
        const { status, body } = await upgraded(`${hiding}/pods/${name}/${subresource}`);
        expect([status, JSON.parse(body).message]).toEqual([404, `pods "${name}" not found`]);
      }
    },
  );

  test("is passed where no rule is for it", async () => {
    const { status } = await upgraded("/api/v1/namespaces/default/configmaps?watch=1");
    expect(status).toBe(cluster.upstream.isFake ? 200 : 101);
  });
});

describe("an Accept header, by rules", () => {
  const table = "as=Table;v=v1;g=meta.k8s.io";

  test.each([
    `application/json;${table}`,
    `application/json; as = Table; v = v1; g = meta.k8s.io`,
    `application/json;as=PartialObjectMetadataList;${table}`,
    `application/json;;${table}`,
    `*/*; ${table}`,
    `application/*;${table}`,
    `application/yaml;${table}`,
    `text/html;x=",application/json;${table},"`,
  ])("has no Table of what is left out: %s", async (accept) => {
    for (const namespace of ["trimming", "keeping"]) {
      for (const query of ["", "?watch=1&timeoutSeconds=1", "/a"]) {
        const path = `/api/v1/namespaces/${namespace}/configmaps${query}`;
        const answer = await call(cluster.own, path, { headers: { Accept: accept } });
        expect([path, answer.status]).toEqual([path, 406]);
      }
    }
  });

  test("with another form beside a Table has that", async () => {
    const path = "/api/v1/namespaces/trimming/configmaps";
    const headers = { Accept: `application/json; as = Table;v=v1;g=meta.k8s.io, application/json` };
    const list = json(await call(cluster.own, path, { headers }));
    expect([list.kind, JSON.stringify(list).includes("secret")]).toEqual(["ConfigMapList", false]);
  });

  test("with spaces has its Table without what is hidden", async () => {
    const headers = { Accept: "application/json; as = Table;v=v1;g=meta.k8s.io" };
    const { rows } = json(await call(cluster.own, `${hiding}/configmaps`, { headers }));
    expect(rows.map((row: Loose) => row.object.metadata.name)).toEqual(
      expect.not.arrayContaining(["skip-a"]),
    );
    const path = `${hiding}/configmaps?watch=1&timeoutSeconds=1`;
    const stream = await watch(cluster.own, path, { headers });
    expect(JSON.stringify(await stream.ended())).not.toContain("skip-a");
  });
});
