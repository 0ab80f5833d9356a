import { describe, expect, test } from "bun:test";

import { type Call, type ContractTarget, json, names } from "./contract-client.ts";
import { type Fixture, inNamespace, seeded } from "./contract-fixture.ts";

const slow = 40_000;

/** A LIST by its resourceVersion and selectors, and how it is written. */
export function describeLists(target: () => ContractTarget): void {
  const it = (name: string, run: (fixture: Fixture) => Promise<void>) =>
    test.concurrent(name, inNamespace(target, run), slow);

  describe("list", () => {
    it("without resourceVersion shows all that was written, in the order of the keys", async (f) => {
      await f.create("b");
      await f.create("a-b");
      const last = await f.create("a");
      await f.warmUp();
      const list = await f.list("configmaps");
      expect(names(list)).toEqual(["a", "a-b", "b"]);
      expect(Number(list.metadata.resourceVersion)).toBeGreaterThanOrEqual(
        Number(last.metadata.resourceVersion),
      );
      expect(Object.keys(list)).toEqual(["kind", "apiVersion", "metadata", "items"]);
      expect(list.items[0].kind).toBeUndefined();
    });
    it("with resourceVersion 0 ignores the limit", async (f) => {
      await seeded(f);
      const list = await f.list("configmaps?resourceVersion=0&limit=1");
      // Any state may be shown: on an apiserver it may lag behind the writes.
      expect(list.metadata.continue).toBeUndefined();
    });
    it("with resourceVersion N is not older than N", async (f) => {
      const version = await seeded(f);
      const list = await f.list(`configmaps?resourceVersion=${version}`);
      expect(Number(list.metadata.resourceVersion)).toBeGreaterThanOrEqual(Number(version));
      expect(names(list)).toEqual(["a", "b", "c"]);
    });
    it("with resourceVersion N and a limit is exactly N", async (f) => {
      const version = await seeded(f);
      await f.create("d");
      const list = await f.list(`configmaps?resourceVersion=${version}&limit=2`);
      expect(list.metadata.resourceVersion).toBe(version);
      expect(list.metadata.remainingItemCount).toBe(1);
    });
    it("NotOlderThan N honours the limit", async (f) => {
      const version = await seeded(f);
      const query = `resourceVersion=${version}&resourceVersionMatch=NotOlderThan&limit=2`;
      const list = await f.list(`configmaps?${query}`);
      expect(names(list)).toEqual(["a", "b"]);
      expect(list.metadata.continue).toBeString();
    });
    it("NotOlderThan 0 is any state", async (f) => {
      await seeded(f);
      await f.list("configmaps?resourceVersion=0&resourceVersionMatch=NotOlderThan");
    });
    it("Exact N is that state, with selectors too", async (f) => {
      const version = await seeded(f);
      await f.merge("configmaps/a", { metadata: { labels: { app: "db" } } });
      await f.remove("configmaps/c");
      const query = `resourceVersion=${version}&resourceVersionMatch=Exact&labelSelector=app%3Dweb`;
      const list = await f.list(`configmaps?${query}`);
      expect(list.metadata.resourceVersion).toBe(version);
      expect(names(list)).toEqual(["a", "c"]);
    });
    it("Exact N is that state, whatever has happened since", async (f) => {
      const version = await seeded(f);
      await f.remove("configmaps/b");
      // More than the watch window of an apiserver that has just begun.
      for (let round = 0; round < 120; round += 1)
        await f.direct("configmaps/a", annotate(String(round)));
      const exact = `resourceVersion=${version}&resourceVersionMatch=Exact`;
      const list = await f.list(`configmaps?${exact}`);
      expect(names(list)).toEqual(["a", "b", "c"]);
      expect(list.items[0].metadata.annotations).toBeUndefined();
      const page = await f.list(`configmaps?${exact}&limit=1`);
      const rest = await f.list(`configmaps?continue=${page.metadata.continue}`);
      expect([names(rest), rest.metadata.resourceVersion]).toEqual([["b", "c"], version]);
    });
    it("of nothing has an empty items and a resourceVersion", async (f) => {
      await f.warmUp();
      const answer = await f.call("configmaps");
      expect(answer.text).toMatch(
        /^\{"kind":"ConfigMapList","apiVersion":"v1","metadata":\{"resourceVersion":"[0-9]+"\},"items":\[\]\}\n$/,
      );
    });
    it("of a custom resource has sorted keys, kind in the items, metadata last", async (f) => {
      await f.create("w", { spec: { b: 1, a: 2 } }, "widgets");
      await f.warmUp("widgets");
      const answer = await f.call("widgets");
      const list = json(answer);
      expect(Object.keys(list)).toEqual(["apiVersion", "items", "kind", "metadata"]);
      expect(Object.keys(list.metadata)).toEqual(["continue", "resourceVersion"]);
      expect(Object.keys(list.items[0]).slice(0, 3)).toEqual(["apiVersion", "kind", "metadata"]);
      expect(answer.text.endsWith("}\n")).toBe(true);
    });
    it("has the bytes that the apiserver writes", async (f) => {
      await f.create("a", { data: { b: '<&>"é\u2028', a: "" }, labels: { z: "1", b: "2" } });
      await f.create("w", { spec: { z: "<", a: [1, null] } }, "widgets");
      for (const resource of ["configmaps", "widgets"]) {
        await f.warmUp(resource);
        const [ours, theirs] = [await f.call(resource), await f.direct(resource)];
        expect(withoutVersion(ours.text)).toBe(withoutVersion(theirs.text));
      }
    });
    it("shows the selected: by label", async (f) => {
      await seeded(f);
      for (const [selector, shown] of [
        ["app=web", ["a", "c"]],
        ["app!=web", ["b"]],
        ["app in (web,db),tier", ["a"]],
        ["!tier", ["b", "c"]],
        ["app notin (db)", ["a", "c"]],
      ] as const) {
        const list = await f.list(`configmaps?labelSelector=${encodeURIComponent(selector)}`);
        expect(names(list), selector).toEqual([...shown]);
        expect(list.metadata.remainingItemCount).toBeUndefined();
      }
    });
    it("shows the selected: by field", async (f) => {
      await seeded(f);
      const byName = await f.list("configmaps?fieldSelector=metadata.name%3Db");
      expect(names(byName)).toEqual(["b"]);
      const others = await f.list("configmaps?fieldSelector=metadata.name!%3Db");
      expect(names(others)).toEqual(["a", "c"]);
      const elsewhere = await f.list("configmaps?fieldSelector=metadata.namespace%3Dother");
      expect(names(elsewhere)).toEqual([]);
    });
    it("shows the selected: pods by node", async (f) => {
      const containers = [{ name: "c", image: "i" }];
      await f.create("p1", { spec: { nodeName: "n1", containers } }, "pods");
      await f.create("p2", { spec: { containers } }, "pods");
      await f.warmUp("pods");
      expect(names(await f.list("pods?fieldSelector=spec.nodeName%3Dn1"))).toEqual(["p1"]);
      expect(names(await f.list("pods?fieldSelector=spec.nodeName%3D"))).toEqual(["p2"]);
      expect(names(await f.list("pods?fieldSelector=status.phase%3DPending"))).toHaveLength(2);
    });
    it("shows a write around the proxy within moments", async (f) => {
      await seeded(f);
      await f.direct("configmaps", { method: "POST", body: { metadata: { name: "d" } } });
      const version = json(await f.direct("configmaps")).metadata.resourceVersion;
      const list = await f.list(
        `configmaps?resourceVersion=${version}&resourceVersionMatch=NotOlderThan`,
      );
      expect(names(list)).toEqual(["a", "b", "c", "d"]);
    });
  });
}

function annotate(text: string): Call {
  const contentType = "application/merge-patch+json";
  return { method: "PATCH", contentType, body: { metadata: { annotations: { text } } } };
}

function withoutVersion(list: string): string {
  return list.replace(
    /("metadata":\{(?:"continue":"",)?"resourceVersion":)"[0-9]+"(\},"items|\}\}\n$)/,
    "$1$2",
  );
}
