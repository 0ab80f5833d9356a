import { describe, expect, test } from "bun:test";

import { type ContractTarget, json } from "./contract-client.ts";
import { type Fixture, inNamespace } from "./contract-fixture.ts";

const slow = 40_000;

/**
 * What a catch-up builds on (CONTRACT 5): a consistent LIST, then a watch of 3 s. Of an apiserver itself only: a proxy may know
 * more, and need not send a bookmark at all.
 */
export function describeCatchUp(target: () => ContractTarget): void {
  const it = (name: string, run: (fixture: Fixture) => Promise<void>) =>
    test.concurrent(
      name,
      inNamespace(target, async (f) => {
        if (f.target.url === f.target.direct.url) await run(f);
      }),
      slow,
    );

  describe("a watch of 3 s after a consistent LIST", () => {
    it("brings what was missed, and a bookmark of the LIST once something else was written", async (f) => {
      const a = await f.create("a");
      await f.create("b");
      await f.create("s", {}, "secrets");
      const { latest, events } = await watchAfterList(f, a.metadata.resourceVersion);
      const [first, ...rest] = events;
      expect([first.type, first.object.metadata.name]).toEqual(["ADDED", "b"]);
      expect(Math.max(...rest.map(versionOf))).toBeGreaterThanOrEqual(latest);
      expect(rest.every(({ type }) => type === "BOOKMARK")).toBe(true);
    });
    it("brings none of the version of the type's last event, though it shows nothing of that", async (f) => {
      const a = await f.create("a", { labels: { app: "web" } });
      const other = await f.create("b");
      const selector = "labelSelector=app%3Dweb";
      const { events } = await watchAfterList(f, a.metadata.resourceVersion, selector);
      expect(events.map(versionOf)).not.toContain(Number(other.metadata.resourceVersion));
      expect(events.every(({ type }) => type === "BOOKMARK")).toBe(true);
    });
  });
}

async function watchAfterList(f: Fixture, from: string, selector = "") {
  const list = json(await f.call("configmaps?limit=1"));
  const query = `allowWatchBookmarks=true&timeoutSeconds=3&resourceVersion=${from}`;
  const opened = await f.watch(`configmaps?${query}&${selector}`);
  return { latest: Number(list.metadata.resourceVersion), events: await opened.ended() };
}

function versionOf({ object }: { readonly object: { metadata: { resourceVersion: string } } }) {
  return Number(object.metadata.resourceVersion);
}
