import { describe, expect, test } from "bun:test";

import { renewalDelay } from "./credential-renewal.ts";

describe("renewalDelay", () => {
  test.each([
    // life left -> read again in
    ["no end", undefined, undefined],
    ["an hour", 3_600_000, 3_540_000],
    ["a minute", 60_000, 48_000],
    ["20 s", 20_000, 10_000],
    ["5 s", 5000, 1000],
    ["over", 0, 30_000],
    ["long over", -1_000_000, 30_000],
    ["a year, more than a timer holds", 31_536_000_000, 2 ** 31 - 1],
  ])("%s", (_, remaining, expected) => {
    const now = 1_800_000_000_000;
    expect(renewalDelay(remaining === undefined ? undefined : now + remaining, now)).toBe(expected);
  });
});
