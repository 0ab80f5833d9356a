import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";

import { waitUntil } from "../src/testing/child-process.ts";
import {
  call,
  callBytes,
  type Endpoint,
  expectStatus,
  json,
  type Loose,
  names,
  summary,
  watch,
} from "../src/testing/contract-client.ts";
import { type ContractUpstream, startContractUpstream } from "../src/testing/contract-upstream.ts";
import { type ProxyProcess, startProxy } from "../src/testing/proxy-process.ts";

const rules = `
rules:
  - name: no-skipped
    match: { resources: [configmaps], namespaces: [by-name, large] }
    hide: { namePrefix: skip- }
  - name: no-drafts
    match: { resources: [configmaps], namespaces: [by-label] }
    hide: { labelSelector: state=draft }
  - name: neither
    match: { resources: [configmaps], namespaces: [by-both] }
    hide: { labelSelector: "state=draft,kind!=special" }
  - name: no-data
    match: { resources: [configmaps], namespaces: [trimmed] }
    trim: [data, metadata.managedFields]
  - name: names-of-chosen
    match: { labelSelector: pick=yes }
    keep: [metadata.name, metadata.namespace]
  - name: small-metadata
    match: { userAgents: ["small/*"] }
    trim: [metadata.managedFields, 'metadata.annotations["note"]']
`;

const table = "application/json;as=Table;v=v1;g=meta.k8s.io";
const metadataOnly = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";
const protobuf = "application/vnd.kubernetes.protobuf";

let upstream: ContractUpstream;

beforeAll(async () => {
  upstream = await startContractUpstream();
}, 60_000);

afterAll(async () => {
  await upstream?.stop();
}, 20_000);

const annotationsOf = (object: Loose) => object.metadata.annotations;
const pathOf = (namespace: string) => `/api/v1/namespaces/${namespace}/configmaps`;

interface ObjectParts {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly data?: Readonly<Record<string, string>>;
}

/** Writes around the proxy; the answer's object. */
async function put(namespace: string, name: string, parts: ObjectParts = {}): Promise<Loose> {
  const { data = { k: "v" }, ...metadata } = parts;
  const body = { metadata: { name, ...metadata }, data };
  const created = await call(upstream, pathOf(namespace), { method: "POST", body });
  if (created.status === 201) return json(created);
  const updated = await call(upstream, `${pathOf(namespace)}/${name}`, { method: "PUT", body });
  if (updated.status !== 200) throw new Error(updated.text);
  return json(updated);
}

async function remove(namespace: string, name: string): Promise<void> {
  await call(upstream, `${pathOf(namespace)}/${name}`, { method: "DELETE" });
}

describe.each([
  ["from a scope", []],
  ["from upstream", ["--no-cache-resources=configmaps"]],
])("rules, %s", (how, flags) => {
  let proxy: ProxyProcess;
  let own: Endpoint;
  let config: string;
  const isCached = how === "from a scope";
  /** Both runs share an apiserver: each has namespaces of its own kind, emptied before. */
  const kinds = ["by-name", "by-label", "by-both", "trimmed", "plain", "large"];

  beforeAll(async () => {
    for (const name of kinds) {
      await call(upstream, "/api/v1/namespaces", { method: "POST", body: { metadata: { name } } });
      await call(upstream, pathOf(name), { method: "DELETE" });
    }
    config = join("/tmp", `edge-proxy-rules-${crypto.randomUUID()}.yaml`);
    await Bun.write(config, rules);
    proxy = await startProxy({
      kubeconfig: upstream.kubeconfig,
      flags: ["--config", config, ...flags],
    });
    own = { url: proxy.url };
  }, 30_000);

  afterAll(async () => {
    await proxy?.stop();
  }, 20_000);

  const get = (path: string, accept = "application/json", userAgent = "test/1") =>
    call(own, path, { headers: { Accept: accept, "User-Agent": userAgent } });

  /** The object, as soon as it is seen: it was written around the proxy. */
  async function seen(path: string): Promise<Loose> {
    await waitUntil("it is seen", async () => (await get(path)).status === 200);
    return json(await get(path));
  }

  /** LISTs until it is answered as this run is to answer it. */
  async function list(path: string, accept?: string, userAgent?: string): Promise<Loose> {
    const asked = async () => {
      const answer = await get(path, accept, userAgent);
      expect([answer.text, answer.status]).toEqual([answer.text, 200]);
      const source = answer.headers.get("x-edge-proxy");
      return source === (isCached ? "cache" : "upstream") ? json(answer) : undefined;
    };
    let found: Loose;
    await waitUntil(`it is answered ${how}`, async () => (found = await asked()) !== undefined);
    return found;
  }

  describe("hide by name", () => {
    beforeAll(async () => {
      for (const name of ["a", "skip-a", "b", "skip-b", "c"]) await put("by-name", name);
    });

    test("a LIST does not have it, nor has a page, nor what remains", async () => {
      expect(names(await list(pathOf("by-name")))).toEqual(["a", "b", "c"]);
      const first = json(await get(`${pathOf("by-name")}?limit=2`));
      const shown = [...names(first)];
      for (let page = first; page.metadata.continue;) {
        page = json(
          await get(
            `${pathOf("by-name")}?limit=2&continue=${encodeURIComponent(page.metadata.continue)}`,
          ),
        );
        shown.push(...names(page));
      }
      expect(shown).toEqual(["a", "b", "c"]);
      expect(first.metadata.remainingItemCount ?? 1).toBe(1);
    });

    test("a Table, a list of metadata and one in protobuf do not have it", async () => {
      const rows = json(await get(pathOf("by-name"), table)).rows;
      expect(rows.map((row: Loose) => row.object.metadata.name)).toEqual(["a", "b", "c"]);
      const bare = json(await get(`${pathOf("by-name")}?includeObject=None`, table)).rows;
      expect(bare.map((row: Loose) => [row.cells[0], row.object ?? null])).toEqual([
        ["a", null],
        ["b", null],
        ["c", null],
      ]);
      expect(names(json(await get(pathOf("by-name"), metadataOnly)))).toEqual(["a", "b", "c"]);
      const { bytes } = await callBytes(own, pathOf("by-name"), { headers: { Accept: protobuf } });
      expect(bytes.includes("skip-")).toBe(false);
      expect(bytes.includes("by-name")).toBe(true);
    });

    test("a GET, a write and a log of it are 404; all of it is not deleted as one", async () => {
      const path = `${pathOf("by-name")}/skip-a`;
      const gone = { reason: "NotFound", message: 'configmaps "skip-a" not found' };
      expectStatus(await get(path), 404, gone);
      expect((await call(own, path, { method: "HEAD" })).status).toBe(405);
      for (const method of ["DELETE", "PUT", "PATCH"]) {
        const contentType = method === "PATCH" ? "application/merge-patch+json" : undefined;
        const options = { method, body: {}, ...(contentType && { contentType }) };
        expectStatus(await call(own, path, options), 404, gone);
      }
      const all = await call(own, pathOf("by-name"), { method: "DELETE" });
      expectStatus(all, 403, { reason: "Forbidden" });
      expect(all.text).toContain("no-skipped");
      expect((await call(upstream, path)).status).toBe(200);
    });

    test("one that is created is said to be, and not shown", async () => {
      const body = { metadata: { name: "skip-new" }, data: { secret: "s" } };
      const created = await call(own, pathOf("by-name"), { method: "POST", body });
      expect(created.status).toBe(201);
      expect(json(created)).toMatchObject({ kind: "Status", status: "Success" });
      expect(created.text).not.toContain("secret");
      await remove("by-name", "skip-new");
    });

    test("a watch says nothing of it", async () => {
      const { metadata } = await list(pathOf("by-name"));
      const stream = await watch(
        own,
        `${pathOf("by-name")}?watch=1&resourceVersion=${metadata.resourceVersion}`,
      );
      await put("by-name", "skip-a", { data: { k: "w" } });
      await put("by-name", "a", { data: { k: "w" } });
      await remove("by-name", "skip-b");
      await put("by-name", "b", { data: { k: "w" } });
      expect(summary(await stream.take(2))).toEqual(["MODIFIED a", "MODIFIED b"]);
      stream.close();
    });
  });

  test("a watch of Tables, and one in protobuf, say nothing of what is hidden either", async () => {
    const path = pathOf("by-name");
    const version = (await list(path)).metadata.resourceVersion;
    const query = `${path}?watch=1&resourceVersion=${version}&timeoutSeconds=2`;
    const tables = await watch(own, query, { headers: { Accept: table } });
    const bytes = callBytes(own, query, { headers: { Accept: `${protobuf};stream=watch` } });
    await put("by-name", "skip-a", { data: { k: "hidden" } });
    await put("by-name", "a", { data: { k: "shown" } });
    const [event] = (await tables.take(2)).slice(-1);
    expect(event.object.rows.map((row: Loose) => row.object.metadata.name)).toEqual(["a"]);
    expect(JSON.stringify(await tables.ended())).not.toContain("skip-a");
    const { status, bytes: told } = await bytes;
    expect([status, told.includes("shown"), told.includes("hidden")]).toEqual([200, true, false]);
  }, 15_000);

  test("a large answer to who takes gzip is looked into as any other", async () => {
    for (const name of ["a", "skip-a"])
      await put("large", name, { data: { k: "x".repeat(150_000) } });
    const headers = { "Accept-Encoding": "gzip", Accept: `${table},application/json` };
    const rows = json(await call(own, pathOf("large"), { headers })).rows;
    expect(rows.map((row: Loose) => row.object.metadata.name)).toEqual(["a"]);
    const plain = await call(own, pathOf("large"), { headers: { "Accept-Encoding": "gzip" } });
    expect(names(json(plain))).toEqual(["a"]);
  });

  test.each(["by-label", "by-both"])(
    "what becomes hidden %s is a DELETED, what appears an ADDED",
    async (place) => {
      await put(place, "a");
      await put(place, "d", { labels: { state: "draft" } });
      expect(names(await list(pathOf(place)))).toEqual(["a"]);
      expect((await get(`${pathOf(place)}/d`)).status).toBe(404);
      const path = `${pathOf(place)}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`;
      const stream = await watch(own, path);
      expect(summary(await stream.take(2))).toEqual(["ADDED a", "BOOKMARK"]);
      const hidden = await put(place, "a", { labels: { state: "draft" } });
      await put(place, "a", { labels: { state: "draft" }, data: { k: "secret" } });
      const shown = await put(place, "d", { labels: { state: "done" } });
      await put(place, "a", { labels: { state: "done" } });
      // An apiserver's bookmark may come at any time.
      const changes = () => stream.events.filter(({ type }) => type !== "BOOKMARK").slice(1);
      await waitUntil("all is told", () => changes().length >= 3, 8);
      const events = changes();
      expect(summary(events)).toEqual(["DELETED a", "ADDED d", "ADDED a"]);
      expect(events[0].object.metadata.resourceVersion).toBe(hidden.metadata.resourceVersion);
      expect(events[1].object.metadata.resourceVersion).toBe(shown.metadata.resourceVersion);
      expect(JSON.stringify(events)).not.toContain("secret");
      stream.close();
    },
  );

  describe("trim", () => {
    test("a LIST, a GET and a write's answer are without the fields", async () => {
      await put("trimmed", "a");
      const { items } = await list(pathOf("trimmed"));
      expect(Object.keys(items[0])).toEqual(["metadata"]);
      expect(items[0].metadata.managedFields).toBeUndefined();
      const one = json(await get(`${pathOf("trimmed")}/a`));
      expect(Object.keys(one)).toEqual(["kind", "apiVersion", "metadata"]);
      const patched = await call(own, `${pathOf("trimmed")}/a`, {
        method: "PATCH",
        contentType: "application/merge-patch+json",
        body: { data: { k: "w" } },
      });
      expect(patched.status).toBe(200);
      expect(json(patched).data).toBeUndefined();
      expect(json(await call(upstream, `${pathOf("trimmed")}/a`)).data).toEqual({ k: "w" });
    });

    test("a person's answer is indented as ever", async () => {
      const answer = await get(`${pathOf("trimmed")}/a`, "*/*", "curl/8");
      const { kind, apiVersion, metadata } = json(answer);
      expect(answer.text).toBe(JSON.stringify({ kind, apiVersion, metadata }, null, 2));
    });

    test("an event that changes nothing visible is not sent", async () => {
      const { metadata } = await list(pathOf("trimmed"));
      const stream = await watch(
        own,
        `${pathOf("trimmed")}?watch=1&resourceVersion=${metadata.resourceVersion}&labelSelector=`,
      );
      await put("trimmed", "a", { labels: { x: "1" }, data: { k: "1" } });
      await put("trimmed", "a", { labels: { x: "1" }, data: { k: "2" } });
      await put("trimmed", "a", { labels: { x: "2" }, data: { k: "3" } });
      const events = await stream.take(2);
      expect(events.map(({ object }) => [object.metadata.labels.x, object.data])).toEqual([
        ["1", undefined],
        ["2", undefined],
      ]);
      stream.close();
    });

    test("who takes protobuf only is told the rule, who takes JSON too gets that", async () => {
      const refused = await get(pathOf("trimmed"), protobuf);
      expect(refused.status).toBe(406);
      expect(refused.text).toContain("no-data");
      const either = await get(pathOf("trimmed"), `${protobuf},application/json`);
      expect(either.headers.get("content-type")).toBe("application/json");
      expect(either.text).not.toContain('"data"');
      const person = await get(pathOf("trimmed"), `${table},application/json`);
      expect(json(person).kind).toBe("ConfigMapList");
      expect((await get(pathOf("trimmed"), table)).status).toBe(406);
      expect((await get(pathOf("trimmed"), "application/yaml")).status).toBe(406);
    });

    test("a PUT that would remove what was not shown is refused with the rule's name", async () => {
      await put("trimmed", "p", { data: { k: "kept" } });
      const path = `${pathOf("trimmed")}/p`;
      const shown = await seen(path);
      const refused = await call(own, path, { method: "PUT", body: shown });
      expectStatus(refused, 422, { reason: "Invalid", details: { name: "p", kind: "ConfigMap" } });
      expect(refused.text).toContain("no-data");
      expect(json(refused).details.causes[0].field).toBe("data");
      const whole = { ...shown, data: { k: "new" } };
      expect((await call(own, path, { method: "PUT", body: whole })).status).toBe(200);
      expect(json(await call(upstream, path)).data).toEqual({ k: "new" });
    });
  });

  test("an apply that gives up what was not shown is refused, a first one and a patch pass", async () => {
    const path = `${pathOf("trimmed")}/applied?fieldManager=me`;
    const apply = (data: object) =>
      call(own, path, {
        method: "PATCH",
        contentType: "application/apply-patch+yaml",
        body: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "applied" }, ...data },
      });
    const first = await apply({ data: { k: "v" } });
    expect([first.status, json(first).data]).toEqual([201, undefined]);
    expect((await apply({ data: { k: "w" } })).status).toBe(200);
    const refused = await apply({});
    expectStatus(refused, 422, { reason: "Invalid" });
    expect(refused.text).toContain("no-data");
    const patched = await call(own, `${pathOf("trimmed")}/applied`, {
      method: "PATCH",
      contentType: "application/merge-patch+json",
      body: { data: null },
    });
    expect(patched.status).toBe(200);
    expect((await apply({})).status).toBe(200);
  });

  describe("keep, for a list by a label", () => {
    test("names and namespaces are all there is of the items, in JSON and in protobuf", async () => {
      await put("plain", "a", { labels: { pick: "yes" } });
      await put("plain", "b");
      const path = `${pathOf("plain")}?labelSelector=pick%3Dyes`;
      const chosen = await list(path);
      expect(chosen.items).toEqual([{ metadata: { name: "a", namespace: "plain" } }]);
      const { bytes, headers } = await callBytes(own, path, { headers: { Accept: protobuf } });
      expect(headers.get("content-type")).toStartWith(protobuf);
      expect([bytes.includes("plain"), bytes.includes("pick")]).toEqual([true, false]);
      const [whole] = (await list(pathOf("plain"))).items;
      expect([whole.data, whole.metadata.labels]).toEqual([{ k: "v" }, { pick: "yes" }]);
    });

    test("an event has what a client needs to go on from, too", async () => {
      const stream = await watch(own, `${pathOf("plain")}?watch=1&labelSelector=pick%3Dyes`);
      const [first] = await stream.take(1);
      expect(first.type).toBe("ADDED");
      expect(Object.keys(first.object).toSorted()).toEqual(["apiVersion", "kind", "metadata"]);
      expect(Object.keys(first.object.metadata).toSorted()).toEqual([
        "name",
        "namespace",
        "resourceVersion",
        "uid",
      ]);
      stream.close();
    });

    test("a PUT of such an object takes nothing away either", async () => {
      const path = `${pathOf("plain")}/a`;
      const bare = { metadata: { name: "a", namespace: "plain" } };
      const refused = await call(own, path, { method: "PUT", body: bare });
      expectStatus(refused, 422, { reason: "Invalid" });
      expect(refused.text).toContain("names-of-chosen");
      expect(json(await call(upstream, path)).data).toEqual({ k: "v" });
    });
  });

  describe("for a user agent", () => {
    test("its answers only are trimmed, in every form", async () => {
      await put("plain", "n", { annotations: { note: "long", other: "kept" } });
      const path = `${pathOf("plain")}/n`;
      expect(annotationsOf(await seen(path))).toEqual({ note: "long", other: "kept" });
      const small = json(await get(path, "application/json", "small/1"));
      expect([annotationsOf(small), small.metadata.managedFields, small.data]).toEqual([
        { other: "kept" },
        undefined,
        { k: "v" },
      ]);
      const inTable = json(await get(pathOf("plain"), table, "small/1")).rows;
      const row = inTable.find(({ object }: Loose) => object.metadata.name === "n");
      expect([row.cells[0], annotationsOf(row.object)]).toEqual(["n", { other: "kept" }]);
      const { bytes } = await callBytes(own, path, {
        headers: { Accept: protobuf, "User-Agent": "small/1" },
      });
      expect([bytes.includes("long"), bytes.includes("kept")]).toEqual([false, true]);
    });

    test("a PUT without managedFields passes, one that loses an annotation does not", async () => {
      const path = `${pathOf("plain")}/n`;
      const asSmall = { "User-Agent": "small/1" };
      const small = json(await get(path, "application/json", "small/1"));
      const refused = await call(own, path, { method: "PUT", body: small, headers: asSmall });
      expectStatus(refused, 422, { reason: "Invalid" });
      expect(json(refused).details.causes.map((cause: Loose) => cause.field)).toEqual([
        "metadata.annotations.note",
      ]);
      small.metadata.annotations.note = "long";
      const passed = await call(own, path, { method: "PUT", body: small, headers: asSmall });
      expect(passed.status).toBe(200);
    });
  });

  test("SIGHUP reads the rules again; watches that see something else have to list again", async () => {
    await put("by-name", "skip-a");
    const before = await list(pathOf("by-name"));
    const stream = await watch(
      own,
      `${pathOf("by-name")}?watch=1&resourceVersion=${before.metadata.resourceVersion}`,
    );
    await Bun.write(config, `${rules}\n  - name: broken\n    hidee: {}\n`);
    proxy.signal("SIGHUP");
    await waitUntil("it is said", async () => (await proxy.output()).includes("nearest is hide"));
    expect(names(await list(pathOf("by-name")))).not.toContain("skip-a");
    await Bun.write(config, "rules: []\n");
    proxy.signal("SIGHUP");
    await waitUntil("it is shown", async () =>
      names(json(await get(pathOf("by-name")))).includes("skip-a"),
    );
    const events = await stream.ended();
    expect(events.at(-1)).toMatchObject({ type: "ERROR", object: { code: 410 } });
  }, 30_000);
});
