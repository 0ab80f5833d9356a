import { describe, expect, test } from "bun:test";

import { call, callBytes, type ContractTarget, json, watch } from "./contract-client.ts";
import { type Fixture, inNamespace } from "./contract-fixture.ts";

const protobuf = "application/vnd.kubernetes.protobuf";

/** GET, media types and headers. */
export function describeForms(target: () => ContractTarget): void {
  const it = (name: string, run: (fixture: Fixture) => Promise<void>) =>
    test.concurrent(name, inNamespace(target, run), 30_000);

  describe("get", () => {
    it("has kind and apiVersion first, and ends with a newline", async (f) => {
      const made = await f.create("a", { data: { k: "<" } });
      await f.warmUp();
      const answer = await f.call("configmaps/a");
      expect(Object.keys(json(answer)).slice(0, 3)).toEqual(["kind", "apiVersion", "metadata"]);
      expect(json(answer)).toEqual(made);
      expect(answer.text).toContain('"k":"\\u003c"');
      expect(answer.text.endsWith("}\n")).toBe(true);
    });
    it("is the same bytes as the apiserver's", async (f) => {
      await f.create("a", { data: { k: "<é" } });
      await f.create("w", { spec: { k: "<é" } }, "widgets");
      for (const path of ["configmaps/a", "widgets/w"]) {
        await f.warmUp(path.split("/")[0]);
        expect((await f.call(path)).text).toBe((await f.direct(path)).text);
      }
    });
    it("with a resourceVersion is not older than it", async (f) => {
      const made = await f.create("a");
      await f.warmUp();
      for (const query of [
        "resourceVersion=0",
        `resourceVersion=${made.metadata.resourceVersion}`,
      ]) {
        const answer = await f.call(`configmaps/a?${query}`);
        // Any state may be shown at 0, also the one before the write.
        if (answer.status !== 404 || !query.endsWith("=0")) expect(json(answer)).toEqual(made);
      }
    });
    it("ignores what only a list has", async (f) => {
      await f.create("a");
      await f.warmUp();
      expect((await f.call("configmaps/a?limit=x")).status).toBe(200);
    });
  });

  describe("a deprecated type", () => {
    it("is warned of by every answer", async (f) => {
      await f.create("a", {}, "endpoints");
      for (const Accept of ["application/json", protobuf]) {
        const headers = { Accept };
        await f.warmUp("endpoints", { headers });
        for (const path of ["endpoints", "endpoints/a", "endpoints/b", "endpoints?limit=x"]) {
          const ours = await f.call(path, { headers });
          const theirs = await f.direct(path, { headers });
          const expected =
            '299 - "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"';
          expect([path, theirs.headers.get("warning")]).toEqual([path, expected]);
          expect([path, ours.headers.get("warning")]).toEqual([path, expected]);
        }
      }
      const { response } = await f.watch("endpoints?resourceVersion=0");
      expect(response.headers.get("warning")).toStartWith("299 - ");
    });
    it("another is not warned of", async (f) => {
      await f.create("a");
      await f.warmUp();
      for (const path of ["configmaps", "configmaps/a"])
        expect((await f.call(path)).headers.get("warning")).toBeNull();
    });
  });

  describe("a media type", () => {
    it("*/* and none are JSON", async (f) => {
      await f.warmUp();
      for (const Accept of ["*/*", ""]) {
        const answer = await f.call("configmaps", { headers: { Accept } });
        expect([answer.status, answer.headers.get("content-type")]).toEqual([
          200,
          "application/json",
        ]);
      }
    });
    it("application/* and capitals are not spoken", async (f) => {
      await f.create("a");
      await f.warmUp();
      for (const Accept of ["application/*", "APPLICATION/JSON", protobuf.toUpperCase()]) {
        for (const path of ["configmaps", "configmaps/a"])
          expect([Accept, (await f.call(path, { headers: { Accept } })).status]).toEqual([
            Accept,
            406,
          ]);
      }
    });
    it("application/* and capitals beside one that is spoken do no harm", async (f) => {
      await f.warmUp();
      for (const other of ["application/*", "APPLICATION/JSON"]) {
        const Accept = `${other}, application/json`;
        expect((await f.list("configmaps", { headers: { Accept } })).kind).toBe("ConfigMapList");
      }
    });
    it("may have a charset in any letters", async (f) => {
      await f.warmUp();
      for (const charset of ["utf-8", "UTF-8"]) {
        const Accept = `application/json;charset=${charset}`;
        expect((await f.list("configmaps", { headers: { Accept } })).kind).toBe("ConfigMapList");
      }
    });
    it("is indented with pretty=1 alone", async (f) => {
      await f.warmUp();
      for (const [parameter, isIndented] of [
        ["pretty=1", true],
        ["pretty=true", false],
        ["Pretty=1", false],
      ] as const) {
        const Accept = `application/json;${parameter}`;
        for (const path of ["configmaps", "configmaps?pretty=0"]) {
          const { text } = await f.call(path, { headers: { Accept } });
          expect([path, parameter, text.startsWith("{\n")]).toEqual([path, parameter, isIndented]);
        }
      }
    });
    it("the first that is spoken is taken", async (f) => {
      await f.warmUp();
      const both = `text/html, ${protobuf}, application/json`;
      const answer = await callBytes(target(), f.path("configmaps"), { headers: { Accept: both } });
      expect(answer.headers.get("content-type")).toBe(protobuf);
    });
    it("protobuf: list and get are the apiserver's bytes", async (f) => {
      await f.create("a", { data: { k: "v" }, labels: { app: "web" } });
      await f.warmUp();
      const headers = { Accept: protobuf };
      for (const path of ["configmaps/a", "configmaps"]) {
        const ours = await callBytes(target(), f.path(path), { headers });
        const theirs = await callBytes(target().direct, f.path(path), { headers });
        expect(ours.headers.get("content-type")).toBe(protobuf);
        expect(ours.bytes.subarray(0, 4).toString()).toBe("k8s\0");
        expect(ours.bytes.toString("hex").length).toBe(theirs.bytes.toString("hex").length);
        if (path !== "configmaps") expect(ours.bytes.equals(theirs.bytes)).toBe(true);
      }
    });
    it("protobuf: a watch comes in frames with their length", async (f) => {
      await f.create("a");
      await f.warmUp();
      const Accept = `${protobuf};stream=watch, ${protobuf}`;
      const listing = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
      const query = `watch=1&allowWatchBookmarks=true&timeoutSeconds=1&${listing}`;
      const answer = await callBytes(target(), f.path(`configmaps?${query}`), {
        headers: { Accept },
      });
      expect(answer.headers.get("content-type")).toBe(`${protobuf};stream=watch`);
      const types: string[] = [];
      for (let at = 0; at < answer.bytes.length; at += 4 + answer.bytes.readUInt32BE(at)) {
        const length = answer.bytes[at + 5] ?? 0;
        types.push(answer.bytes.subarray(at + 6, at + 6 + length).toString());
      }
      // One more bookmark may come before the deadline.
      expect(types.slice(0, 2)).toEqual(["ADDED", "BOOKMARK"]);
    });
    it("protobuf: an error is a Status in protobuf", async (f) => {
      await f.warmUp();
      const answer = await f.call("configmaps/zz", { headers: { Accept: protobuf } });
      expect([answer.status, answer.headers.get("content-type")]).toEqual([404, protobuf]);
      expect(answer.text).toContain('configmaps "zz" not found');
    });
    it("Table and PartialObjectMetadata pass", async (f) => {
      await f.create("a", { data: { k: "v" } });
      await f.warmUp();
      const table = await f.list("configmaps", { headers: acceptAs("Table") });
      expect([table.kind, table.rows[0].cells[0]]).toEqual(["Table", "a"]);
      const partial = await f.list("configmaps", {
        headers: acceptAs("PartialObjectMetadataList"),
      });
      expect(partial.kind).toBe("PartialObjectMetadataList");
      expect(partial.items[0]).toMatchObject({
        kind: "PartialObjectMetadata",
        apiVersion: "meta.k8s.io/v1",
        metadata: { name: "a" },
      });
      expect(partial.items[0].data).toBeUndefined();
      const one = json(
        await f.call("configmaps/a", { headers: acceptAs("PartialObjectMetadata") }),
      );
      expect([one.kind, one.data]).toEqual(["PartialObjectMetadata", undefined]);
    });
  });

  describe("the headers", () => {
    it("say that nothing is to be kept, and how long the body is", async (f) => {
      await f.create("a");
      await f.warmUp();
      for (const path of ["configmaps", "configmaps/a"]) {
        const answer = await f.call(path);
        expect(answer.headers.get("cache-control")).toBe("no-cache, private");
        expect(answer.headers.get("content-type")).toBe("application/json");
        const length = Buffer.byteLength(answer.text);
        expect(answer.headers.get("content-length")).toBe(String(length));
        expect(answer.headers.get("date")).toBeString();
      }
    });
    it("of a watch come before its first event", async (f) => {
      const made = await f.create("a");
      await f.warmUp();
      const from = made.metadata.resourceVersion;
      const opened = await f.watch(`configmaps?resourceVersion=${from}`);
      expect(opened.response.status).toBe(200);
      expect(opened.response.headers.get("cache-control")).toBe("no-cache, private");
      expect(opened.events).toEqual([]);
    });
    it("of a big list: gzip for who takes it", async (f) => {
      await f.create("big", { data: { k: "x".repeat(200_000) } });
      await f.warmUp();
      const gzip = await f.call("configmaps", { headers: { "Accept-Encoding": "gzip" } });
      const plain = await f.call("configmaps", { headers: { "Accept-Encoding": "identity" } });
      expect(json(gzip).items).toEqual(json(plain).items);
      expect(plain.headers.get("content-encoding")).toBeNull();
    });
  });

  describe("a warm target", () => {
    it("answers list, get, selection, page and watch from the cache", async (f) => {
      if (target().warm !== true) return;
      await f.create("a", { labels: { app: "web" } });
      await f.create("b");
      await f.warmUp();
      const { resourceVersion } = (await f.list("configmaps")).metadata;
      const from = `resourceVersion=${resourceVersion}`;
      for (const path of [
        "configmaps",
        "configmaps/a",
        "configmaps?labelSelector=app",
        "configmaps?fieldSelector=metadata.name%3Da",
        "configmaps?resourceVersion=0",
        `configmaps?${from}`,
        "configmaps?limit=1",
        "configmaps?limit=1&labelSelector=app",
        `configmaps?limit=1&${from}`,
        `configmaps?limit=1&${from}&fieldSelector=metadata.name%3Da`,
        "configmaps?pretty=true",
        `configmaps?watch=1&timeoutSeconds=1&${from}`,
      ]) {
        const answer = await f.call(path);
        expect([path, answer.headers.get("x-edge-proxy")]).toEqual([path, "cache"]);
      }
    });
  });

  describe("what is no resource", () => {
    it("health, version and discovery answer", async () => {
      for (const path of ["/livez", "/readyz"]) {
        const answer = await call(target(), path);
        expect([answer.status, answer.text]).toEqual([200, "ok"]);
      }
      expect(json(await call(target(), "/version")).major).toBe("1");
      expect(json(await call(target(), "/api")).kind).toBe("APIVersions");
      const { groups } = json(await call(target(), "/apis"));
      expect(groups.map(({ name }: { name: string }) => name)).toContain("apps");
      const { resources } = json(await call(target(), "/apis/example.com/v1"));
      expect(resources[0]).toMatchObject({ name: "widgets", kind: "Widget", namespaced: true });
    });
    it("cluster-scoped resources list and watch as well", async (f) => {
      const selector = `fieldSelector=metadata.name%3D${f.namespace}`;
      const list = json(await call(target(), `/api/v1/namespaces?${selector}`));
      expect(list.items).toHaveLength(1);
      const opened = await watch(target(), `/api/v1/namespaces?watch=1&${selector}`);
      const [event] = await opened.take(1);
      opened.close();
      expect(event.object.metadata.name).toBe(f.namespace);
    });
  });
}

function acceptAs(kind: string): { readonly Accept: string } {
  return { Accept: `application/json;as=${kind};v=v1;g=meta.k8s.io` };
}
