import { describe, expect, test } from "bun:test";

import { judge } from "./ownership.ts";
import type { Claim } from "./upstream/credential-claim.ts";

type Known = Readonly<Record<string, string>>;

function owner(known: Known) {
  return {
    has: (part: string) => known[part] !== undefined,
    compare: (part: string, text: string) =>
      known[part] === undefined ? "unknown" : known[part] === text ? "same" : "another",
  } as const;
}

const named = (text: string): Claim => ({ is: "named", text });
const opaque = (text: string): Claim => ({ is: "opaque", text });

describe("judge", () => {
  test.each([
    // known of the owner                    credentials  server  ->  verdict
    [{}, named("n"), "s", "ours"],
    [{}, opaque("t"), "s", "ours"],
    [{ name: "n", server: "s" }, undefined, "nowhere", "ours"],
    [{ name: "n", server: "s" }, named("n"), "s", "ours"],
    [{ name: "n", server: "s" }, named("m"), "s", "identity"],
    [{ name: "n", server: "s" }, opaque("t"), "s", "to be asked"],
    [{ token: "t", server: "s" }, opaque("t"), "s", "ours"],
    [{ token: "t", server: "s" }, opaque("u"), "s", "to be asked"],
    [{ token: "t", server: "s" }, named("n"), "s", "to be asked"],
    [{ name: "n", server: "s" }, named("n"), "r", "server"],
    [{ name: "n", server: "s", cluster: "c" }, named("n"), "r", "to be asked"],
    [{ token: "t", server: "s" }, opaque("u"), "r", "server"],
    [{ name: "n", server: "s", cluster: "c" }, named("m"), "r", "identity"],
  ] as const)("%j, %j at %s: %s", (known: Known, claim, server, verdict) => {
    expect(judge(owner(known), claim, server)).toBe(verdict);
  });
});
