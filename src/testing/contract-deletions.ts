import { describe, expect, test } from "bun:test";

import {
  call,
  type ContractTarget,
  json,
  type Loose,
  names,
  summary,
  versionOf,
} from "./contract-client.ts";
import { type Fixture, inNamespace } from "./contract-fixture.ts";

/** Deletions of all kinds, and that every read after one shows it. */
export function describeDeletions(target: () => ContractTarget): void {
  const it = (name: string, run: (fixture: Fixture) => Promise<void>) =>
    test.concurrent(name, inNamespace(target, run), 30_000);

  describe("a write", () => {
    it("that deletes what has a finalizer marks it, and the last finalizer's end is its end", async (f) => {
      const made = await f.create("a", { finalizers: ["example.com/x"] });
      await f.warmUp();
      const marked = await f.remove("configmaps/a");
      expect(marked.kind).toBe("ConfigMap");
      expect(marked.metadata.deletionTimestamp).toBeString();
      expect(versionOf(marked)).toBeGreaterThan(versionOf(made));
      expect((await f.list("configmaps")).items[0].metadata.deletionTimestamp).toBeString();
      const last = await f.merge("configmaps/a", { metadata: { finalizers: null } });
      // This answer carries the resourceVersion from before the deletion.
      expect(versionOf(last)).toBe(versionOf(marked));
      expect(names(await f.list("configmaps"))).toEqual([]);
    });
    it("that deletes a service account answers it, at the deletion's resourceVersion", async (f) => {
      const made = await f.create("sa", {}, "serviceaccounts");
      await f.warmUp("serviceaccounts");
      const gone = await f.remove("serviceaccounts/sa");
      expect(gone.kind).toBe("ServiceAccount");
      expect(versionOf(gone)).toBeGreaterThan(versionOf(made));
      expect(names(await f.list("serviceaccounts"))).toEqual([]);
    });
    it("that deletes a scheduled pod gives it thirty seconds", async (f) => {
      const containers = [{ name: "c", image: "i" }];
      await f.create("p", { spec: { nodeName: "n1", containers } }, "pods");
      await f.warmUp("pods");
      const marked = await f.remove("pods/p");
      expect(marked.metadata.deletionGracePeriodSeconds).toBe(30);
      const body = { gracePeriodSeconds: 0 };
      expect((await f.call("pods/p", { method: "DELETE", body })).status).toBe(200);
      expect(names(await f.list("pods"))).toEqual([]);
    });
    it("that deletes a collection answers what it deleted", async (f) => {
      await f.create("a", { labels: { app: "web" } });
      await f.create("b");
      await f.create("c", { labels: { app: "web" } });
      await f.warmUp();
      const gone = await f.remove("configmaps?labelSelector=app%3Dweb");
      expect(gone.kind).toBe("ConfigMapList");
      expect(names(gone)).toEqual(["a", "c"]);
      expect(names(await f.list("configmaps"))).toEqual(["b"]);
    });
  });

  describe("a pod in its grace", () => {
    const scheduled = { spec: { nodeName: "n1", containers: [{ name: "c", image: "i" }] } };
    const now = { method: "DELETE", body: { gracePeriodSeconds: 0 } };

    it("is written to as any other", async (f) => {
      await f.create("p", scheduled, "pods");
      await f.warmUp("pods");
      let before = await f.remove("pods/p");
      for (const [path, patch] of [
        ["pods/p", { metadata: { annotations: { a: "1" } } }],
        ["pods/p/status", { status: { phase: "Running" } }],
        ["pods/p", { metadata: { labels: { app: "web" } } }],
      ] as const) {
        const after = await f.merge(path, patch);
        expect(versionOf(after)).toBeGreaterThan(versionOf(before));
        expect((await f.list("pods")).items).toMatchObject([
          { ...patch, metadata: after.metadata },
        ]);
        before = after;
      }
      const put = await f.call("pods/p", { method: "PUT", body: before });
      expect(put.status).toBe(200);
      expect(names(await f.list("pods"))).toEqual(["p"]);
    });
    it("outlives its last finalizer, until it is deleted at once", async (f) => {
      await f.create("p", { ...scheduled, finalizers: ["example.com/x"] }, "pods");
      await f.warmUp("pods");
      const marked = await f.remove("pods/p");
      const free = await f.merge("pods/p", { metadata: { finalizers: null } });
      expect(versionOf(free)).toBeGreaterThan(versionOf(marked));
      expect((await f.list("pods")).items[0].metadata.finalizers).toBeUndefined();
      const gone = json(await f.call("pods/p", now));
      expect(gone.metadata.deletionGracePeriodSeconds).toBe(0);
      expect(names(await f.list("pods"))).toEqual([]);
    });
    it("of 0 seconds ends with its last finalizer", async (f) => {
      await f.create("p", { ...scheduled, finalizers: ["example.com/x"] }, "pods");
      await f.warmUp("pods");
      await f.remove("pods/p");
      const marked = json(await f.call("pods/p", now));
      expect(marked.metadata.deletionGracePeriodSeconds).toBe(0);
      expect(names(await f.list("pods"))).toEqual(["p"]);
      const last = await f.merge("pods/p", { metadata: { finalizers: null } });
      expect(versionOf(last)).toBe(versionOf(marked));
      expect(names(await f.list("pods"))).toEqual([]);
    });
    it("can have it shortened, not lengthened", async (f) => {
      const spec = { ...scheduled.spec, terminationGracePeriodSeconds: 20 };
      await f.create("p", { spec }, "pods");
      await f.warmUp("pods");
      const grace = async (body?: Loose, query = "") => {
        const answer = await f.call(`pods/p${query}`, {
          method: "DELETE",
          ...(body === undefined ? {} : { body }),
        });
        const { metadata } = json(answer);
        const [shown] = (await f.list("pods")).items;
        expect(shown.metadata).toEqual(metadata);
        return metadata.deletionGracePeriodSeconds;
      };
      expect(await grace()).toBe(20);
      expect(await grace({ gracePeriodSeconds: 25 })).toBe(20);
      expect(await grace({ gracePeriodSeconds: 10 })).toBe(10);
      expect(await grace()).toBe(10);
      expect(await grace(undefined, "?gracePeriodSeconds=5")).toBe(5);
    });
    it("that is not scheduled, or done, has none: it is marked, then gone", async (f) => {
      const made = await f.create("p", { spec: { containers: scheduled.spec.containers } }, "pods");
      await f.create("q", scheduled, "pods");
      await f.warmUp("pods");
      await f.merge("pods/q/status", { status: { phase: "Succeeded" } });
      const opened = await f.watch(`pods?resourceVersion=${made.metadata.resourceVersion}`);
      const gone = await f.remove("pods/p");
      await f.remove("pods/q");
      const own = async () =>
        (await opened.take(6)).filter(({ object }) => object.metadata.name === "p");
      const events = await own();
      expect(summary(events)).toEqual(["MODIFIED p", "DELETED p"]);
      expect(events[0].object.metadata).toMatchObject({
        deletionGracePeriodSeconds: 0,
        generation: 2,
      });
      expect(events[1].object.metadata).toEqual(gone.metadata);
      expect(names(await f.list("pods"))).toEqual([]);
    });
  });

  describe("the DELETED of a deletion by update", () => {
    const last = { data: { k: "2" }, metadata: { finalizers: null, labels: { app: "db" } } };
    const held = { labels: { app: "web" }, finalizers: ["example.com/x"], data: { k: "1" } };

    it("shows what was stored before: by patch and by update", async (f) => {
      for (const method of ["PATCH", "PUT"]) {
        await f.create("a", held);
        await f.warmUp();
        const marked = await f.remove("configmaps/a");
        const opened = await f.watch(
          `configmaps?resourceVersion=${marked.metadata.resourceVersion}&labelSelector=app%3Dweb`,
        );
        const { finalizers: _none, ...metadata } = marked.metadata;
        const body = { ...marked, data: { k: "2" }, metadata: { ...metadata, labels: {} } };
        const answer =
          method === "PATCH"
            ? await f.merge("configmaps/a", last)
            : json(await f.call("configmaps/a", { method, body }));
        expect(answer).toMatchObject({ data: { k: "2" } });
        expect(versionOf(answer)).toBe(versionOf(marked));
        const [event] = await opened.take(1);
        expect(event.type).toBe("DELETED");
        const { resourceVersion } = event.object.metadata;
        expect(event.object).toEqual({
          ...marked,
          metadata: { ...marked.metadata, resourceVersion },
        });
        expect(Number(resourceVersion)).toBeGreaterThan(versionOf(marked));
        expect(names(await f.list("configmaps"))).toEqual([]);
      }
    });
    it("shows what was stored before: by /finalize of a namespace", async (f) => {
      const name = `${f.namespace}-end`;
      const path = `/api/v1/namespaces/${name}`;
      const made = { metadata: { name } };
      await call(target(), "/api/v1/namespaces", { method: "POST", body: made });
      const marked = json(await call(target(), path, { method: "DELETE" }));
      expect(marked).toMatchObject({ kind: "Namespace", status: { phase: "Terminating" } });
      const opened = await f.watchAll(
        `namespaces?fieldSelector=metadata.name%3D${name}&resourceVersion=${marked.metadata.resourceVersion}`,
      );
      const body = { ...marked, spec: { finalizers: [] } };
      const answer = json(await call(target(), `${path}/finalize`, { method: "PUT", body }));
      expect([answer.spec, versionOf(answer)]).toEqual([{}, versionOf(marked)]);
      const [event] = await opened.take(1);
      expect([event.type, event.object.spec]).toEqual(["DELETED", { finalizers: ["kubernetes"] }]);
      expect((await call(target(), path)).status).toBe(404);
    });
    it("is not sent for a write on trial", async (f) => {
      await f.create("a", held);
      await f.warmUp();
      await f.remove("configmaps/a");
      const answer = await f.merge("configmaps/a?dryRun=All", last);
      expect(answer.data).toEqual({ k: "2" });
      const [shown] = (await f.list("configmaps")).items;
      expect([shown.data, shown.metadata.finalizers]).toEqual([{ k: "1" }, held.finalizers]);
    });
  });
}
