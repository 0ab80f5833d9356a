import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import { call, expectStatus, json } from "../src/testing/contract-client.ts";
import {
  create,
  createNamespace,
  podSpec,
  type RuledCluster,
  startRuled,
} from "./rules-fixture.ts";

const rules = `
rules:
  - name: no-data
    match: { resources: [configmaps], namespaces: [patched] }
    trim: [data, 'metadata.annotations["a/b"]']
  - name: no-replicas
    match: { resources: [apps/deployments], namespaces: [patched] }
    trim: [spec.replicas]
`;

const place = "/api/v1/namespaces/patched";
const object = `${place}/configmaps/a`;
let cluster: RuledCluster;

beforeAll(async () => {
  cluster = await startRuled(rules);
  await createNamespace(cluster, "patched");
  await create(cluster, `${place}/configmaps`, "a", { data: { k: "secret" } });
  await create(cluster, "/apis/apps/v1/namespaces/patched/deployments", "d", {
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: "d" } },
      template: { metadata: { labels: { app: "d" } }, ...podSpec },
    },
  });
}, 60_000);

afterAll(async () => {
  await cluster?.stop();
}, 20_000);

const patch = (path: string, ...body: readonly object[]) =>
  call(cluster.own, path, { method: "PATCH", contentType: "application/json-patch+json", body });

describe("a JSON patch, by a rule that trims", () => {
  test.each([
    [{ op: "copy", from: "/data", path: "/binaryData" }, "/data"],
    [{ op: "copy", from: "/data/k", path: "/metadata/generateName" }, "/data/k"],
    [{ op: "move", from: "/data/k", path: "/metadata/generateName" }, "/data/k"],
    [
      { op: "copy", from: "/metadata/annotations/a~1b", path: "/metadata/generateName" },
      "/metadata/annotations/a~1b",
    ],
    [{ op: "test", path: "/data/k", value: "secret" }, "/data/k"],
    [{ op: "test", path: "/data/k", value: "guess" }, "/data/k"],
    [{ op: "test", path: "", value: {} }, ""],
    [{ op: "remove", path: "/data/k" }, "/data/k"],
    [{ op: "remove", path: "/data/none" }, "/data/none"],
  ])("does not tell of the field: %j", async (operation, field) => {
    for (const query of ["", "?dryRun=All"]) {
      const answer = await patch(object + query, operation);
      expectStatus(answer, 422, { reason: "Invalid" });
      expect(json(answer).details.causes[0].field).toBe(field);
      expect([answer.text.includes("no-data"), answer.text.includes("secret")]).toEqual([
        true,
        false,
      ]);
    }
    expect(json(await call(cluster.upstream, object)).data).toEqual({ k: "secret" });
  });

  test("that is none is refused", async () => {
    const options = { method: "PATCH", contentType: "application/json-patch+json", body: "{}" };
    const answer = await call(cluster.own, object, options);
    expect([answer.status, answer.text.includes("no-data")]).toEqual([400, true]);
  });

  test("of what is shown passes, and so does one that adds the field whole", async () => {
    const label = { op: "add", path: "/metadata/labels", value: { x: "1" } };
    const data = { op: "add", path: "/data", value: { k: "secret" } };
    const answer = await patch(object, label, data);
    expect([answer.status, json(answer).metadata.labels, json(answer).data]).toEqual([
      200,
      { x: "1" },
      undefined,
    ]);
  });
});

test("a PUT whose dryRun upstream does not read is not sent to find out what it would do", async () => {
  const body = { metadata: { name: "a" } };
  const answer = await call(cluster.own, `${object}?dryRun=All;`, { method: "PUT", body });
  expectStatus(answer, 422, { reason: "Invalid" });
  expect(json(await call(cluster.upstream, object)).data).toEqual({ k: "secret" });
});

test("a Scale is without the fields of its object that are left out", async () => {
  const path = "/apis/apps/v1/namespaces/patched/deployments/d/scale";
  const shown = json(await call(cluster.own, path));
  expect([shown.kind, shown.spec]).toEqual(["Scale", undefined]);
  expect(shown.metadata.name).toBe("d");
  const operation = { op: "test", path: "/spec/replicas", value: 3 };
  expectStatus(await patch(path, operation), 422, { reason: "Invalid" });
  const headers = { Accept: "application/json; as = Table;v=v1;g=meta.k8s.io" };
  expect((await call(cluster.own, path, { headers })).status).toBe(406);
});
