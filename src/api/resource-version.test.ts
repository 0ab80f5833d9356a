import { describe, expect, test } from "bun:test";

import {
  compareResourceVersion,
  isResourceVersion,
  newerResourceVersion,
  parseResourceVersion,
} from "./resource-version.ts";

const rv = parseResourceVersion;

describe("isResourceVersion", () => {
  test.each([
    ["1", true],
    ["9007199254740993", true],
    ["1234567890123456789", true],
    ["", false],
    ["0", false],
    ["01", false],
    ["-1", false],
    ["+1", false],
    ["1.5", false],
    ["1\n", false],
    ["12345678901234567890", false],
  ])("%j: %p", (text, expected) => {
    expect(isResourceVersion(text)).toBe(expected);
  });
});

describe("parseResourceVersion", () => {
  test("throws a RangeError for what cannot be compared", () => {
    expect(() => rv("abc")).toThrow(RangeError);
  });
});

describe("compareResourceVersion", () => {
  test.each([
    ["9", "10", -1],
    ["10", "9", 1],
    ["10", "10", 0],
    ["9007199254740992", "9007199254740993", -1],
  ])("%s, %s: %p", (a, b, sign) => {
    expect(Math.sign(compareResourceVersion(rv(a), rv(b)))).toBe(sign);
  });
});

describe("newerResourceVersion", () => {
  test("takes the newer, or the one that is there", () => {
    expect(newerResourceVersion(rv("9"), rv("10"))).toBe(rv("10"));
    expect(newerResourceVersion(undefined, rv("9"))).toBe(rv("9"));
    expect(newerResourceVersion(rv("9"), undefined)).toBe(rv("9"));
    expect(newerResourceVersion(undefined, undefined)).toBeUndefined();
  });
});
