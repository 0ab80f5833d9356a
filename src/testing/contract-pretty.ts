import { describe, expect, test } from "bun:test";

import { type ContractTarget, json } from "./contract-client.ts";
import { type Fixture, inNamespace } from "./contract-fixture.ts";

/** JSON for people to read. */
export function describePretty(target: () => ContractTarget): void {
  const it = (name: string, run: (fixture: Fixture) => Promise<void>) =>
    test.concurrent(name, inNamespace(target, run), 30_000);

  describe("pretty", () => {
    it("is for pretty=true and for curl, and has no newline at the end", async (f) => {
      await f.create("a", { data: { k: "<" } });
      await f.create("w", { spec: { none: {}, list: [] } }, "widgets");
      for (const resource of ["configmaps", "widgets"]) {
        await f.warmUp(resource);
        const plain = json(await f.call(resource));
        for (const [query, agent] of [
          ["?pretty=true", "contract/1"],
          ["?pretty=1", "contract/1"],
          ["", "curl/8.0"],
          ["", "Wget/1.0"],
          ["", "Mozilla/5.0 (X11)"],
        ] as const) {
          const headers = { "User-Agent": agent };
          const ours = await f.call(resource + query, { headers });
          const theirs = await f.direct(resource + query, { headers });
          expect(withoutVersion(ours.text)).toBe(withoutVersion(theirs.text));
          expect(ours.text).toStartWith('{\n  "');
          expect(json(ours).items).toEqual(plain.items);
        }
      }
    });
    it("is not for pretty=false, an empty one, or curl that says so", async (f) => {
      await f.warmUp();
      for (const [query, agent] of [
        ["?pretty=false", "curl/8.0"],
        ["?pretty=0", "contract/1"],
        ["?pretty", "contract/1"],
      ] as const) {
        const answer = await f.call(`configmaps${query}`, { headers: { "User-Agent": agent } });
        expect(answer.text, query).toStartWith('{"kind"');
      }
    });
    it("changes no watch", async (f) => {
      await f.create("a");
      await f.warmUp();
      const opened = await f.watch("configmaps?pretty=true");
      expect((await opened.take(1))[0].object.metadata.name).toBe("a");
    });
  });
}

function withoutVersion(list: string): string {
  return list.replace(
    /("metadata": \{\n(?: {4}"continue": "",\n)? {4}"resourceVersion": )"[0-9]+"/,
    "$1",
  );
}
