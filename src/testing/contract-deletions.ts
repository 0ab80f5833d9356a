import { describe, expect, test } from "bun:test";

import { type ContractTarget, names, versionOf } from "./contract-client.ts";
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
}
