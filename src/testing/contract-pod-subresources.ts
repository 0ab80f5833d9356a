import { describe, expect, test } from "bun:test";

import {
  type Answer,
  type ContractTarget,
  expectStatus,
  json,
  type Loose,
  names,
  versionOf,
} from "./contract-client.ts";
import { type Fixture, inNamespace } from "./contract-fixture.ts";

/** Evictions, bindings and ephemeral containers, and that every read after one shows it (CONTRACT 2). */
export function describePodSubresources(target: () => ContractTarget): void {
  const it = (name: string, run: (fixture: Fixture) => Promise<void>) =>
    test.concurrent(name, inNamespace(target, run), 30_000);

  describe("an eviction", () => {
    it("answers a Status, and the pod has its grace", async (f) => {
      await f.create("p", scheduled, "pods");
      await f.warmUp("pods");
      expectSuccess(await evict(f, "p"));
      const [shown] = (await f.list("pods")).items;
      expect(shown).toMatchObject(evicted);
      expect(json(await f.call("pods/p"))).toMatchObject(evicted);
      expectSuccess(await evict(f, "p"));
      expect((await f.list("pods")).items).toEqual([shown]);
    });
    it("is the end of a pod without grace", async (f) => {
      await f.create("p", unscheduled, "pods");
      await f.create("q", scheduled, "pods");
      await f.warmUp("pods");
      expectSuccess(await evict(f, "p"));
      expect(names(await f.list("pods"))).toEqual(["q"]);
      expect((await f.call("pods/p")).status).toBe(404);
      expectSuccess(await evict(f, "q", { deleteOptions: { gracePeriodSeconds: 0 } }));
      expect(names(await f.list("pods"))).toEqual([]);
    });
    it("is seen in a scope of its node", async (f) => {
      await f.create("p", scheduled, "pods");
      await f.create("q", scheduled, "pods");
      const onNode = "pods?fieldSelector=spec.nodeName%3Dn1";
      await f.warmUp(onNode);
      expectSuccess(await evict(f, "p", { deleteOptions: { gracePeriodSeconds: 0 } }));
      expect(names(await f.list(onNode))).toEqual(["q"]);
      expectSuccess(await evict(f, "q"));
      expect((await f.list(onNode)).items).toMatchObject([evicted]);
    });
    it("on trial, or refused, changes nothing", async (f) => {
      const made = await f.create("p", scheduled, "pods");
      await f.warmUp("pods");
      expectSuccess(await evict(f, "p", {}, "?dryRun=All"));
      expectStatus(await evict(f, "none"), 404, { message: 'pods "none" not found' });
      const deleteOptions = { preconditions: { uid: "other" } };
      expectStatus(await evict(f, "p", { deleteOptions }), 409, { reason: "Conflict" });
      expectStatus(await evict(f, "p", { metadata: { name: "other" } }), 400, {
        message: "name in URL does not match name in Eviction object",
      });
      expect((await f.call("pods/p/eviction")).status).toBe(405);
      expect(versionOf((await f.list("pods")).items[0])).toBe(versionOf(made));
    });
  });

  describe("a binding", () => {
    for (const path of ["pods/p/binding", "bindings"]) {
      it(`by ${path} puts the pod on its node`, async (f) => {
        await f.create("p", unscheduled, "pods");
        await f.warmUp("pods");
        expectSuccess(await bind(f, path));
        const onNode = "pods?fieldSelector=spec.nodeName%3Dn9";
        expect((await f.list(onNode)).items).toMatchObject([bound]);
        expect(json(await f.call("pods/p"))).toMatchObject(bound);
        expectStatus(await bind(f, path, "p", "n8"), 409, {
          reason: "Conflict",
          details: { name: "p", kind: "pods/binding" },
          message:
            'Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "n9"',
        });
      });
      it(`by ${path} is seen in a scope of the node`, async (f) => {
        await f.create("p", unscheduled, "pods");
        const onNode = "pods?fieldSelector=spec.nodeName%3Dn9";
        await f.warmUp(onNode);
        expectSuccess(await bind(f, path));
        expect(names(await f.list(onNode))).toEqual(["p"]);
      });
    }
    it("on trial, or refused, changes nothing", async (f) => {
      const made = await f.create("p", unscheduled, "pods");
      await f.warmUp("pods");
      expectSuccess(await bind(f, "pods/p/binding?dryRun=All"));
      for (const path of ["pods/none/binding", "bindings"])
        expectStatus(await bind(f, path, "none"), 404, { message: 'pods "none" not found' });
      expectStatus(await bind(f, "pods/p/binding", "other"), 400, {
        message: "name in URL does not match name in Binding object",
      });
      expect((await f.call("bindings")).status).toBe(405);
      expect(versionOf((await f.list("pods")).items[0])).toBe(versionOf(made));
    });
  });

  describe("ephemeral containers", () => {
    it("are added by patch and by update, and stay", async (f) => {
      const made = await f.create("p", unscheduled, "pods");
      await f.warmUp("pods");
      expect(json(await f.call("pods/p/ephemeralcontainers")).metadata).toEqual(made.metadata);
      const patched = await f.call("pods/p/ephemeralcontainers", debugWith("one"));
      expect(patched.status, patched.text).toBe(200);
      const [shown] = (await f.list("pods")).items;
      expect(shown.spec.ephemeralContainers).toMatchObject([{ name: "one" }]);
      expect([shown.metadata.generation, versionOf(shown)]).toEqual([2, versionOf(json(patched))]);
      const pod = json(await f.call("pods/p"));
      pod.spec.ephemeralContainers.push({ name: "two", image: "i" });
      const put = await f.call("pods/p/ephemeralcontainers", { method: "PUT", body: pod });
      expect(put.status, put.text).toBe(200);
      const all = (await f.list("pods")).items[0].spec.ephemeralContainers;
      expect(all.map(({ name }: Loose) => name)).toEqual(["one", "two"]);
      const none = {
        ...pod,
        metadata: { name: "p" },
        spec: { ...pod.spec, ephemeralContainers: [] },
      };
      expectStatus(await f.call("pods/p/ephemeralcontainers", { method: "PUT", body: none }), 422, {
        reason: "Invalid",
        details: { name: "p", kind: "Pod" },
      });
      expect((await f.list("pods")).items[0].metadata).toEqual(json(put).metadata);
    });
  });
}

const containers = [{ name: "c", image: "i" }];
const unscheduled = { spec: { containers } };
const scheduled = { spec: { nodeName: "n1", containers } };

const evicted = {
  metadata: { deletionGracePeriodSeconds: 30, deletionTimestamp: expect.any(String) },
  status: {
    conditions: [{ type: "DisruptionTarget", status: "True", reason: "EvictionByEvictionAPI" }],
  },
};

const bound = {
  metadata: { name: "p", generation: 1 },
  spec: { nodeName: "n9" },
  status: { conditions: [{ type: "PodScheduled", status: "True" }] },
};

function expectSuccess(answer: Answer): void {
  expect(answer.text).toBe(
    '{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success","code":201}\n',
  );
  expect(answer.status).toBe(201);
}

function evict(f: Fixture, name: string, more: Loose = {}, query = ""): Promise<Answer> {
  const body = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name }, ...more };
  return f.call(`pods/${name}/eviction${query}`, { method: "POST", body });
}

function bind(f: Fixture, path: string, name = "p", node = "n9"): Promise<Answer> {
  const target = { apiVersion: "v1", kind: "Node", name: node };
  const body = { apiVersion: "v1", kind: "Binding", metadata: { name }, target };
  return f.call(path, { method: "POST", body });
}

function debugWith(name: string) {
  const contentType = "application/strategic-merge-patch+json";
  const body = { spec: { ephemeralContainers: [{ name, image: "i" }] } };
  return { method: "PATCH", contentType, body };
}
