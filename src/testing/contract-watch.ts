import { describe, expect, test } from "bun:test";

import { waitUntil } from "./child-process.ts";
import { type ContractTarget, json, summary, watch } from "./contract-client.ts";
import { type Fixture, inNamespace } from "./contract-fixture.ts";

const slow = 40_000;
const listing = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";

export function describeWatches(target: () => ContractTarget): void {
  const it = (name: string, run: (fixture: Fixture) => Promise<void>) =>
    test.concurrent(name, inNamespace(target, run), slow);
  const byPath = (f: Fixture, rest: string) =>
    watch(target(), `/api/v1/watch/namespaces/${f.namespace}${rest}`);

  describe("watch from a resourceVersion", () => {
    it("sends what came after it, each event once and in order", async (f) => {
      const a = await f.create("a");
      await f.warmUp();
      const b = await f.create("b", { data: { k: "1" } });
      const opened = await f.watch(`configmaps?resourceVersion=${a.metadata.resourceVersion}`);
      expect(opened.response.headers.get("content-type")).toBe("application/json");
      await f.merge("configmaps/b", { data: { k: "2" } });
      await f.remove("configmaps/a");
      const events = await opened.take(3);
      expect(summary(events)).toEqual(["ADDED b", "MODIFIED b", "DELETED a"]);
      expect(events[0].object.metadata.resourceVersion).toBe(b.metadata.resourceVersion);
      expect(Object.keys(events[0].object).slice(0, 3)).toEqual(["kind", "apiVersion", "metadata"]);
      const versions = events.map((event) => Number(event.object.metadata.resourceVersion));
      expect(versions).toEqual(versions.toSorted((x, y) => x - y));
      expect(new Set(versions).size).toBe(3);
    });
    it("writes the events of a custom resource with sorted keys", async (f) => {
      const { resourceVersion } = (await f.list("widgets")).metadata;
      await f.warmUp("widgets");
      await f.create("w", { spec: { b: 1, a: 1 } }, "widgets");
      const [event] = await (await f.watch(`widgets?resourceVersion=${resourceVersion}`)).take(1);
      expect(Object.keys(event.object)).toEqual(["apiVersion", "kind", "metadata", "spec"]);
    });
    it("that is still to come is silent until then", async (f) => {
      const a = await f.create("a");
      await f.warmUp();
      const future = Number(a.metadata.resourceVersion) + 100_000;
      const query = `resourceVersion=${future}&allowWatchBookmarks=true&timeoutSeconds=2`;
      const opened = await f.watch(`configmaps?${query}`);
      expect(opened.response.status).toBe(200);
      await f.create("b");
      expect(await opened.ended()).toEqual([]);
    });
    it("that is forgotten is a 410 as an ERROR event inside a 200", async (f) => {
      await f.warmUp();
      const opened = await f.watch("configmaps?resourceVersion=2&timeoutSeconds=5");
      expect(opened.response.status).toBe(200);
      const [event] = await opened.ended();
      expect(event).toMatchObject({
        type: "ERROR",
        object: { kind: "Status", reason: "Expired", code: 410 },
      });
      expect(event.object.message).toMatch(/^too old resource version: 2 \([0-9]+\)$/);
    });
    it("ends cleanly at timeoutSeconds", async (f) => {
      const a = await f.create("a");
      await f.warmUp();
      const from = a.metadata.resourceVersion;
      const opened = await f.watch(`configmaps?resourceVersion=${from}&timeoutSeconds=1`);
      expect(await opened.ended()).toEqual([]);
    });
    it("under the legacy /watch/ prefix is the same", async (f) => {
      await f.create("a");
      const path = `/api/v1/watch/namespaces/${f.namespace}/configmaps?timeoutSeconds=1`;
      const opened = await watch(target(), path);
      expect(summary(await opened.ended())).toEqual(["ADDED a"]);
    });
  });

  describe("watch of what the path names", () => {
    it("sees that object alone, whatever else there is", async (f) => {
      await f.create("a");
      await f.create("b");
      await f.warmUp();
      const opened = await byPath(f, "/configmaps/a?timeoutSeconds=1");
      expect(summary(await opened.ended())).toEqual(["ADDED a"]);
    });
    it("sees one that is still to come", async (f) => {
      const a = await f.create("a");
      await f.warmUp();
      const from = a.metadata.resourceVersion;
      const opened = await byPath(f, `/configmaps/b?resourceVersion=${from}&timeoutSeconds=5`);
      await f.create("c");
      await f.create("b");
      expect(summary(await opened.take(1))).toEqual(["ADDED b"]);
      opened.close();
    });
    it("takes a selector that names it too, and no other", async (f) => {
      await f.create("a");
      await f.create("b");
      await f.warmUp();
      const path = "/configmaps/a?timeoutSeconds=1&fieldSelector=metadata.name%3D";
      expect(summary(await (await byPath(f, `${path}a`)).ended())).toEqual(["ADDED a"]);
      expect((await byPath(f, `${path}b`)).response.status).toBe(400);
    });
    it("may be a namespace", async (f) => {
      const opened = await byPath(f, "?timeoutSeconds=1");
      expect(summary(await opened.ended())).toEqual([`ADDED ${f.namespace}`]);
    });
  });

  describe("watch of a selection", () => {
    it("turns what comes in and goes out into ADDED and DELETED", async (f) => {
      const a = await f.create("a", { labels: { app: "web" }, data: { v: "1" } });
      await f.warmUp();
      const from = a.metadata.resourceVersion;
      const opened = await f.watch(`configmaps?resourceVersion=${from}&labelSelector=app%3Dweb`);
      const out = await f.merge("configmaps/a", {
        metadata: { labels: { app: "db" } },
        data: { v: "2" },
      });
      await f.merge("configmaps/a", { data: { v: "3" } });
      await f.merge("configmaps/a", { metadata: { labels: { app: "web" } } });
      await f.merge("configmaps/a", { data: { v: "4" } });
      const events = await opened.take(3);
      expect(summary(events)).toEqual(["DELETED a", "ADDED a", "MODIFIED a"]);
      // The previous content, at the event's resourceVersion.
      expect(events[0].object.data).toEqual({ v: "1" });
      expect(events[0].object.metadata.labels).toEqual({ app: "web" });
      expect(events[0].object.metadata.resourceVersion).toBe(out.metadata.resourceVersion);
      expect(events[1].object.data).toEqual({ v: "3" });
    });
    it("by name sees that object alone", async (f) => {
      const a = await f.create("a");
      await f.warmUp();
      const from = a.metadata.resourceVersion;
      const selector = "fieldSelector=metadata.name%3Db";
      const opened = await f.watch(`configmaps?resourceVersion=${from}&${selector}`);
      await f.create("c");
      await f.create("b");
      await f.remove("configmaps/b");
      expect(summary(await opened.take(2))).toEqual(["ADDED b", "DELETED b"]);
    });
    it("by field sees a pod come to its node's phase", async (f) => {
      const containers = [{ name: "c", image: "i" }];
      const pod = await f.create("p", { spec: { nodeName: "n1", containers } }, "pods");
      await f.warmUp("pods");
      const from = pod.metadata.resourceVersion;
      const selector = "fieldSelector=status.phase%3DRunning";
      const opened = await f.watch(`pods?resourceVersion=${from}&${selector}`);
      await f.merge("pods/p/status", { status: { phase: "Running" } });
      await f.merge("pods/p/status", { status: { phase: "Failed" } });
      expect(summary(await opened.take(2))).toEqual(["ADDED p", "DELETED p"]);
    });
  });

  describe("watch with initial events", () => {
    it("sends the state, then the annotated bookmark, then what comes", async (f) => {
      await f.create("b");
      const last = await f.create("a");
      await f.warmUp();
      const opened = await f.watch(`configmaps?${listing}`);
      const events = await opened.take(3);
      expect(summary(events)).toEqual(["ADDED a", "ADDED b", "BOOKMARK"]);
      expect(Object.keys(events[2].object)).toEqual(["kind", "apiVersion", "metadata"]);
      const { metadata } = events[2].object;
      expect(metadata.annotations).toEqual({ "k8s.io/initial-events-end": "true" });
      expect(Number(metadata.resourceVersion)).toBeGreaterThanOrEqual(
        Number(last.metadata.resourceVersion),
      );
      await f.create("c");
      // A bookmark may be due at any time.
      const changes = () => opened.events.slice(3).filter(({ type }) => type !== "BOOKMARK");
      await waitUntil("the change comes", () => changes().length > 0, 8);
      expect(summary(changes())).toEqual(["ADDED c"]);
    });
    it("of nothing sends the bookmark alone", async (f) => {
      await f.warmUp();
      expect(summary(await (await f.watch(`configmaps?${listing}`)).take(1))).toEqual(["BOOKMARK"]);
    });
    it("without allowWatchBookmarks sends no bookmark", async (f) => {
      await f.create("a");
      await f.warmUp();
      const query = listing.replace("&allowWatchBookmarks=true", "&timeoutSeconds=2");
      expect(summary(await (await f.watch(`configmaps?${query}`)).ended())).toEqual(["ADDED a"]);
    });
    it("from N shows a state not older than N", async (f) => {
      const a = await f.create("a");
      await f.warmUp();
      const from = a.metadata.resourceVersion;
      const events = await (await f.watch(`configmaps?${listing}&resourceVersion=${from}`)).take(2);
      expect(summary(events)).toEqual(["ADDED a", "BOOKMARK"]);
    });
    it("from a resourceVersion that is too new ends with a 504 as an ERROR event", async (f) => {
      await f.warmUp();
      const opened = await f.watch(`configmaps?${listing}&resourceVersion=999999999`);
      expect(opened.response.status).toBe(200);
      expect(await opened.ended()).toMatchObject([
        {
          type: "ERROR",
          object: { code: 504, details: { causes: [{ reason: "ResourceVersionTooLarge" }] } },
        },
      ]);
    });
    it("of a selection shows the selected", async (f) => {
      await f.create("a", { labels: { app: "web" } });
      await f.create("b");
      await f.warmUp();
      const opened = await f.watch(`configmaps?${listing}&labelSelector=app`);
      expect(summary(await opened.take(2))).toEqual(["ADDED a", "BOOKMARK"]);
    });
    it("of a custom resource has a bookmark of its kind", async (f) => {
      await f.warmUp("widgets");
      const [event] = await (await f.watch(`widgets?${listing}`)).take(1);
      expect(event.object).toMatchObject({ kind: "Widget", apiVersion: "example.com/v1" });
    });
    for (const version of ["", "&resourceVersion=0"]) {
      it(`is what a watch${version} without more means`, async (f) => {
        await f.create("a");
        await f.warmUp();
        // Any state may be shown at 0: wait for the write to be in the apiserver's cache.
        const opened = await f.watch(`configmaps?allowWatchBookmarks=true${version}`);
        const seen = () => opened.events.some(({ type }) => type === "ADDED");
        await waitUntil("a was added", seen);
        await waitUntil("the bookmark came", () =>
          opened.events.some(({ type }) => type === "BOOKMARK"),
        );
        expect(summary(opened.events).toSorted()).toEqual(["ADDED a", "BOOKMARK"]);
      });
    }
    it("are left out with sendInitialEvents=false", async (f) => {
      await f.create("a");
      await f.warmUp();
      const query = "sendInitialEvents=false&resourceVersionMatch=NotOlderThan&timeoutSeconds=4";
      const opened = await f.watch(`configmaps?${query}`);
      await f.create("b");
      expect(summary(await opened.take(1))).toEqual(["ADDED b"]);
    });
  });

  describe("a watch and the list", () => {
    it("agree: from the list's resourceVersion nothing is missed or repeated", async (f) => {
      await f.create("a");
      await f.warmUp();
      const { resourceVersion } = (await f.list("configmaps")).metadata;
      await f.direct("configmaps", { method: "POST", body: { metadata: { name: "b" } } });
      const opened = await f.watch(`configmaps?resourceVersion=${resourceVersion}`);
      const made = await f.direct("configmaps", {
        method: "POST",
        body: { metadata: { name: "c" } },
      });
      expect(summary(await opened.take(2))).toEqual(["ADDED b", "ADDED c"]);
      expect(opened.events[1].object).toMatchObject({ metadata: json(made).metadata });
    });
  });
}
