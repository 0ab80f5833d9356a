import { describe, expect, test } from "bun:test";

import {
  call,
  type ContractTarget,
  expectStatus,
  json,
  names,
  versionOf,
} from "./contract-client.ts";
import { type Fixture, inNamespace } from "./contract-fixture.ts";

/** Writes of all kinds, and that every read after one shows it. */
export function describeWrites(target: () => ContractTarget): void {
  const it = (name: string, run: (fixture: Fixture) => Promise<void>) =>
    test.concurrent(name, inNamespace(target, run), 30_000);

  describe("a write", () => {
    it("is seen by the reads after it: create, update, patch, delete", async (f) => {
      await f.warmUp();
      const made = await f.create("a", { data: { k: "1" } });
      expect(made).toMatchObject({ kind: "ConfigMap", apiVersion: "v1", data: { k: "1" } });
      expect(names(await f.list("configmaps"))).toEqual(["a"]);
      const put = await f.call("configmaps/a", {
        method: "PUT",
        body: { ...made, data: { k: "2" } },
      });
      expect(put.status).toBe(200);
      expect((await f.list("configmaps")).items[0].data).toEqual({ k: "2" });
      await f.merge("configmaps/a", { data: { k: "3" } });
      expect(json(await f.call("configmaps/a")).data).toEqual({ k: "3" });
      const gone = await f.remove("configmaps/a");
      expect(gone).toMatchObject({
        kind: "Status",
        status: "Success",
        details: { name: "a", kind: "configmaps", uid: made.metadata.uid },
      });
      expect(names(await f.list("configmaps"))).toEqual([]);
      expect((await f.call("configmaps/a")).status).toBe(404);
    });
    it("after a write, twenty times over, is never missed", async (f) => {
      await f.warmUp();
      for (let round = 0; round < 20; round += 1) {
        await f.create(`a${round}`);
        expect(names(await f.list("configmaps"))).toContain(`a${round}`);
        await f.remove(`configmaps/a${round}`);
        expect(names(await f.list("configmaps"))).not.toContain(`a${round}`);
      }
    });
    it("with generateName gets a name", async (f) => {
      await f.warmUp();
      const body = { metadata: { generateName: "g-" } };
      const made = json(await f.call("configmaps", { method: "POST", body }));
      expect(made.metadata.name).toMatch(/^g-[a-z0-9]{5}$/);
      expect(names(await f.list("configmaps"))).toEqual([made.metadata.name]);
    });
    it("that changes nothing keeps the resourceVersion", async (f) => {
      const made = await f.create("a", { data: { k: "1" } });
      const same = await f.merge("configmaps/a", { data: { k: "1" } });
      expect(versionOf(same)).toBe(versionOf(made));
      await f.warmUp();
      expect(names(await f.list("configmaps"))).toEqual(["a"]);
    });
    it("as JSON patch, strategic merge patch and apply", async (f) => {
      await f.create("a", { data: { k: "1" } });
      await f.warmUp();
      const patch = (contentType: string, body: unknown, query = "") =>
        f.call(`configmaps/a${query}`, { method: "PATCH", contentType, body });
      const operations = [{ op: "add", path: "/data/j", value: "2" }];
      expect(json(await patch("application/json-patch+json", operations)).data).toEqual({
        k: "1",
        j: "2",
      });
      const strategic = "application/strategic-merge-patch+json";
      expect(json(await patch(strategic, { data: { j: null } })).data).toEqual({ k: "1" });
      const body = {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "a" },
        data: { applied: "3" },
      };
      const query = "?fieldManager=contract&force=true";
      const applied = await patch("application/apply-patch+yaml", body, query);
      expect(json(applied).data).toEqual({ k: "1", applied: "3" });
      expect((await f.list("configmaps")).items[0].data).toEqual({ k: "1", applied: "3" });
    });
    it("by apply makes what is not there", async (f) => {
      await f.warmUp();
      const contentType = "application/apply-patch+yaml";
      const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "n" } };
      const path = "configmaps/n?fieldManager=contract";
      const answer = await f.call(path, { method: "PATCH", contentType, body });
      expect(answer.status).toBe(201);
      expect(names(await f.list("configmaps"))).toEqual(["n"]);
    });
    it("by apply takes away what its manager gives no more, unless others have changed it", async (f) => {
      await f.warmUp();
      const path = "configmaps/n?fieldManager=contract";
      const apply = async (data: Record<string, string>, query = "") => {
        const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "n" }, data };
        const contentType = "application/apply-patch+yaml";
        return json(await f.call(path + query, { method: "PATCH", contentType, body }));
      };
      await apply({ a: "1", b: "1", c: "1" });
      await f.merge("configmaps/n", { data: { c: "2" } });
      expect((await apply({ a: "1" }, "&dryRun=All")).data).toEqual({ a: "1", c: "2" });
      expect((await f.list("configmaps")).items[0].data).toEqual({ a: "1", b: "1", c: "2" });
      expect((await apply({ a: "1" })).data).toEqual({ a: "1", c: "2" });
      expect((await f.list("configmaps")).items[0].data).toEqual({ a: "1", c: "2" });
    });
    it("on trial changes nothing", async (f) => {
      await f.create("a", { data: { k: "1" } });
      await f.warmUp();
      const body = { metadata: { name: "dry" } };
      const made = await f.call("configmaps?dryRun=All", { method: "POST", body });
      expect([made.status, json(made).metadata.resourceVersion]).toEqual([201, undefined]);
      await f.merge("configmaps/a?dryRun=All", { data: { k: "2" } });
      await f.remove("configmaps/a?dryRun=All");
      const list = await f.list("configmaps");
      expect(names(list)).toEqual(["a"]);
      expect(list.items[0].data).toEqual({ k: "1" });
    });
    it("of a secret's stringData is seen as data", async (f) => {
      await f.warmUp("secrets");
      await f.create("s", { stringData: { k: "v" } }, "secrets");
      expect(json(await f.call("secrets/s"))).toMatchObject({
        data: { k: "dg==" },
        type: "Opaque",
      });
    });
    it("into a namespace that is not there is a 404", async (f) => {
      const body = { metadata: { name: "a" } };
      const path = f.path("configmaps").replace(f.namespace, "nowhere");
      const answer = await call(target(), path, { method: "POST", body });
      expectStatus(answer, 404, { message: 'namespaces "nowhere" not found' });
    });
  });
}
