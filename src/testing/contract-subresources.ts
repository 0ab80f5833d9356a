import { describe, expect, test } from "bun:test";

import {
  type ContractTarget,
  expectStatus,
  json,
  type Loose,
  versionOf,
} from "./contract-client.ts";
import { type Fixture, inNamespace } from "./contract-fixture.ts";

/** Writes of subresources, and that every read after one shows it (CONTRACT 2). */
export function describeSubresources(target: () => ContractTarget): void {
  const it = (name: string, run: (fixture: Fixture) => Promise<void>) =>
    test.concurrent(name, inNamespace(target, run), 30_000);

  describe("a write", () => {
    it("of /status leaves the spec, and of the spec the status", async (f) => {
      await f.create("w", { spec: { n: 1 } }, "widgets");
      await f.warmUp("widgets");
      await f.merge("widgets/w/status", { spec: { n: 2 }, status: { ready: true } });
      const [shown] = (await f.list("widgets")).items;
      expect([shown.spec, shown.status, shown.metadata.generation]).toEqual([
        { n: 1 },
        { ready: true },
        1,
      ]);
      await f.merge("widgets/w", { spec: { n: 3 }, status: { ready: false } });
      const [next] = (await f.list("widgets")).items;
      expect([next.spec, next.status, next.metadata.generation]).toEqual([
        { n: 3 },
        { ready: true },
        2,
      ]);
    });
  });

  describe("a scale", () => {
    it("shows the replicas of its deployment at its resourceVersion", async (f) => {
      const made = await deployment(f);
      const { name, namespace, uid, resourceVersion, creationTimestamp } = made.metadata;
      expect(json(await f.call("deployments/d/scale"))).toEqual({
        kind: "Scale",
        apiVersion: "autoscaling/v1",
        metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
        spec: { replicas: 2 },
        status: { replicas: 0, selector: "app=web" },
      });
    });
    it("that is written is seen in the deployment", async (f) => {
      await deployment(f);
      for (const scope of ["deployments", "deployments?labelSelector=app%3Dweb"]) {
        await f.warmUp(scope);
        const old = json(await f.call("deployments/d/scale"));
        const put = await f.call("deployments/d/scale", {
          method: "PUT",
          body: { ...old, spec: { replicas: old.spec.replicas + 1 } },
        });
        const written = json(put);
        const [shown] = (await f.list(scope)).items;
        expect([shown.spec.replicas, versionOf(shown)]).toEqual([
          old.spec.replicas + 1,
          versionOf(written),
        ]);
        const patched = await f.merge("deployments/d/scale", { spec: { replicas: 7 } });
        expect([patched.kind, patched.spec]).toEqual(["Scale", { replicas: 7 }]);
        const next = json(await f.call("deployments/d"));
        expect([next.spec.replicas, versionOf(next)]).toEqual([7, versionOf(patched)]);
        expect((await f.list(scope)).items[0].metadata).toEqual(next.metadata);
        expect(next.metadata.generation).toBe(shown.metadata.generation + 1);
      }
    });
    it("that changes nothing, is on trial or refused, is no write", async (f) => {
      await deployment(f);
      await f.warmUp("deployments");
      // An apiserver's first write by /scale changes the owner of the field, whatever the value.
      const made = await f.merge("deployments/d/scale", { spec: { replicas: 3 } });
      const same = await f.merge("deployments/d/scale", { spec: { replicas: 3 } });
      const trial = await f.merge("deployments/d/scale?dryRun=All", { spec: { replicas: 9 } });
      expect([versionOf(same), versionOf(trial)]).toEqual([versionOf(made), versionOf(made)]);
      const metadata = { ...same.metadata, resourceVersion: "1" };
      const old = { ...same, metadata, spec: { replicas: 4 } };
      expectStatus(await f.call("deployments/d/scale", { method: "PUT", body: old }), 409, {
        reason: "Conflict",
        details: { name: "d", group: "apps", kind: "deployments" },
      });
      const negative = { ...same, spec: { replicas: -1 } };
      expectStatus(await f.call("deployments/d/scale", { method: "PUT", body: negative }), 422, {
        message:
          'Scale.autoscaling "d" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
      });
      expectStatus(await f.call("deployments/none/scale"), 404, {
        message: 'deployments.apps "none" not found',
      });
      expect((await f.call("deployments/d/scale", { method: "DELETE" })).status).toBe(405);
      expect(versionOf((await f.list("deployments")).items[0])).toBe(versionOf(made));
    });
  });

  describe("a subresource that the type does not have", () => {
    it("is a 404", async (f) => {
      await f.create("a");
      for (const path of ["configmaps/a/status", "configmaps/a/nonsense"])
        expectStatus(await f.call(path), 404, {
          message: "the server could not find the requested resource",
        });
    });
  });
}

const containers = [{ name: "c", image: "i" }];

async function deployment(f: Fixture): Promise<Loose> {
  const labels = { app: "web" };
  const template = { metadata: { labels }, spec: { containers } };
  const spec = { replicas: 2, selector: { matchLabels: labels }, template };
  return f.create("d", { labels, spec }, "deployments");
}
