import { describe, expect, test } from "bun:test";

import { nearest } from "./nearest.ts";

describe("nearest", () => {
  test.each([
    ["scope-idel", "scope-idle"],
    ["scopeidle", "scope-idle"],
    ["", "v"],
    ["vv", "v"],
    ["something-else-entirely", undefined],
  ])("%p: %p", (word, expected) => {
    expect(nearest(word, ["scope-idle", "scope-window", "v"])).toBe(expected);
  });
});
