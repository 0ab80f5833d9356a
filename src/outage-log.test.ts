import { describe, expect, test } from "bun:test";

import { describeChanges } from "./outage-log.ts";

const none = {
  added: 0,
  modified: 0,
  deleted: 0,
  restored: 0,
  confirmed: 3,
  filled: 0,
  bridged: 0,
  replaced: 0,
};

describe("describeChanges", () => {
  test.each([
    [{}, "nothing that is cached changed meanwhile"],
    [{ added: 3, deleted: 1 }, "objects: 3 added, 0 changed, 1 deleted"],
    [
      { bridged: 1, replaced: 1 },
      "nothing that is cached changed meanwhile; scopes listed anew: 2",
    ],
    [{ modified: 2, bridged: 1 }, "objects: 0 added, 2 changed, 0 deleted; scopes listed anew: 1"],
  ])("%j: %s", (changes, text) => {
    expect(describeChanges({ ...none, ...changes })).toBe(text);
  });
});
