import { describe, expect, test } from "bun:test";

import { decodeContinue, encodeContinue } from "../api/continue-token.ts";
import {
  call,
  type ContractTarget,
  expectStatus,
  json,
  names,
  versionOf,
} from "./contract-client.ts";
import { type Fixture, inNamespace, seeded } from "./contract-fixture.ts";

const slow = 40_000;

/** Limits and tokens, and versions that are still to come. */
export function describePages(target: () => ContractTarget): void {
  const it = (name: string, run: (fixture: Fixture) => Promise<void>) =>
    test.concurrent(name, inNamespace(target, run), slow);

  describe("pages", () => {
    it("join to the list at one resourceVersion, whatever is written between", async (f) => {
      await seeded(f);
      const first = await f.list("configmaps?limit=1");
      expect(first.metadata.remainingItemCount).toBe(2);
      await f.remove("configmaps/b");
      await f.create("bb");
      const second = await f.list(`configmaps?limit=1&continue=${first.metadata.continue}`);
      expect(names(second)).toEqual(["b"]);
      expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
      expect(second.metadata.remainingItemCount).toBe(1);
      const third = await f.list(`configmaps?continue=${second.metadata.continue}`);
      expect(names(third)).toEqual(["c"]);
      expect(third.metadata.continue).toBeUndefined();
      expect(third.metadata.remainingItemCount).toBeUndefined();
    });
    it("carry tokens in the public form", async (f) => {
      await seeded(f);
      const { metadata } = await f.list("configmaps?limit=2");
      expect(decodeContinue(metadata.continue)).toEqual({
        resourceVersion: metadata.resourceVersion,
        startKey: "b\0",
      });
      expect(metadata.continue).toBe(encodeContinue(metadata.resourceVersion, "b\0"));
    });
    it("go on where the other side has begun", async (f) => {
      await seeded(f);
      const ours = await f.list("configmaps?limit=1");
      const theirs = json(await f.direct(`configmaps?continue=${ours.metadata.continue}`));
      expect(names(theirs)).toEqual(["b", "c"]);
      const begun = json(await f.direct("configmaps?limit=2"));
      expect(names(await f.list(`configmaps?continue=${begun.metadata.continue}`))).toEqual(["c"]);
    });
    it("of resourceVersion -1 go on at the latest state", async (f) => {
      await seeded(f);
      const last = await f.create("d");
      const list = await f.list(`configmaps?continue=${encodeContinue("-1", "b\0")}`);
      expect(names(list)).toEqual(["c", "d"]);
      expect(Number(list.metadata.resourceVersion)).toBeGreaterThanOrEqual(
        Number(last.metadata.resourceVersion),
      );
    });
    it("of a selection have no remainingItemCount", async (f) => {
      await seeded(f);
      const first = await f.list("configmaps?limit=1&labelSelector=app%3Dweb");
      expect(names(first)).toEqual(["a"]);
      expect(first.metadata.remainingItemCount).toBeUndefined();
      const query = `limit=5&labelSelector=app%3Dweb&continue=${first.metadata.continue}`;
      expect(names(await f.list(`configmaps?${query}`))).toEqual(["c"]);
    });
    it("of a custom resource too", async (f) => {
      for (const name of ["a", "b", "c"]) await f.create(name, {}, "widgets");
      await f.warmUp("widgets");
      const first = await f.list("widgets?limit=2");
      expect(first.metadata.remainingItemCount).toBe(1);
      const rest = await f.list(`widgets?limit=2&continue=${first.metadata.continue}`);
      expect(names(rest)).toEqual(["c"]);
      expect(rest.metadata.continue).toBe("");
    });
    it("start a watch without a gap", async (f) => {
      await seeded(f);
      const first = await f.list("configmaps?limit=1");
      await f.create("d");
      const from = first.metadata.resourceVersion;
      const [event] = await (await f.watch(`configmaps?resourceVersion=${from}`)).take(1);
      expect(event).toMatchObject({ type: "ADDED", object: { metadata: { name: "d" } } });
    });
  });

  describe("a full page of a selection", () => {
    const goesOn = "goes on while any key is left, selected or not: the last page is empty";
    it(goesOn, async (f) => {
      const version = await seeded(f);
      for (const [query, shown] of [
        ["limit=1&labelSelector=app%3Ddb", ["b"]],
        ["limit=2&fieldSelector=metadata.name!%3Dc", ["a", "b"]],
        ["limit=1&fieldSelector=metadata.name!%3Db", ["a"]],
      ] as const) {
        for (const at of ["", `&resourceVersion=${version}&resourceVersionMatch=Exact`]) {
          const first = await f.list(`configmaps?${query}${at}`);
          expect([query, names(first)]).toEqual([query, [...shown]]);
          const token = first.metadata.continue;
          const { resourceVersion } = first.metadata;
          expect(decodeContinue(token)).toEqual({ resourceVersion, startKey: `${shown.at(-1)}\0` });
          const rest = await f.list(`configmaps?${query}&continue=${token}`);
          expect(names(rest)).toEqual(query.includes("!%3Db") ? ["c"] : []);
          expect(rest.metadata.continue).toBeUndefined();
        }
      }
    });
    it("ends where no key is left", async (f) => {
      await seeded(f);
      for (const query of ["limit=2&labelSelector=app%3Dweb", "limit=1&labelSelector=none"]) {
        expect((await f.list(`configmaps?${query}`)).metadata.continue).toBeUndefined();
      }
    });
    it("of one name is the only one", async (f) => {
      const version = await seeded(f);
      for (const at of ["", `&resourceVersion=${version}&resourceVersionMatch=Exact`]) {
        const list = await f.list(`configmaps?limit=1&fieldSelector=metadata.name%3Da${at}`);
        expect([names(list), list.metadata.continue]).toEqual([["a"], undefined]);
      }
    });
    it("over all namespaces ends with the one that the fields name", async (f) => {
      await seeded(f);
      const field = `fieldSelector=metadata.namespace%3D${f.namespace}`;
      await f.watchAll(`configmaps?${field}`);
      const all = `/api/v1/configmaps?limit=3&${field}`;
      const list = json(await call(target(), all));
      expect([names(list), list.metadata.continue]).toEqual([["a", "b", "c"], undefined]);
    });
  });

  describe("a resourceVersion with a limit", () => {
    it("is exact, of a selection too", async (f) => {
      const version = await seeded(f);
      await f.create("d", { labels: { app: "web" } });
      await f.list("configmaps");
      const query = `resourceVersion=${version}&limit=5&labelSelector=app%3Dweb`;
      const list = await f.list(`configmaps?${query}`);
      expect([names(list), list.metadata.resourceVersion]).toEqual([["a", "c"], version]);
    });
    it("of one name is not older than it", async (f) => {
      const version = await seeded(f);
      const last = await f.create("d");
      // What has been read is what an apiserver's cache has reached.
      await f.list("configmaps");
      const byName = "fieldSelector=metadata.name%3Dd";
      const list = await f.list(`configmaps?resourceVersion=${version}&limit=5&${byName}`);
      expect(names(list)).toEqual(["d"]);
      expect(versionOf(list)).toBeGreaterThanOrEqual(versionOf(last));
    });
  });

  describe("what is too new", () => {
    const tooLarge = {
      reason: "Timeout",
      details: {
        causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
        retryAfterSeconds: 1,
      },
    };
    test.concurrent.each([
      ["configmaps?resourceVersion=N"],
      ["configmaps?resourceVersion=N&resourceVersionMatch=NotOlderThan"],
      ["configmaps?resourceVersion=N&resourceVersionMatch=Exact"],
      ["configmaps?resourceVersion=N&limit=1"],
      ["configmaps/a?resourceVersion=N"],
      [`configmaps?continue=${encodeContinue("999999999", "a\0")}`],
    ])(
      "%s is answered 504 with the cause that client-go looks for",
      (path) =>
        inNamespace(target, async (f) => {
          await seeded(f);
          const answer = await f.call(path.replace("=N", "=999999999"));
          expectStatus(answer, 504, tooLarge);
          expect(json(answer).message).toMatch(
            /^Timeout: Too large resource version: 999999999, current: [0-9]+$/,
          );
        })(),
      slow,
    );
  });
}
