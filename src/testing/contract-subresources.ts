import { describe, expect, test } from "bun:test";

import { type ContractTarget } from "./contract-client.ts";
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
}
