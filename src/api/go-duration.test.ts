import { describe, expect, test } from "bun:test";

import { parseGoDuration } from "./go-duration.ts";

describe("parseGoDuration", () => {
  test.each([
    ["0", 0],
    ["0s", 0],
    ["-0s", -0],
    ["1ns", 1e-6],
    ["1us", 1e-3],
    ["1\u00b5s", 1e-3],
    ["1\u03bcs", 1e-3],
    ["250ms", 250],
    ["1.5s", 1500],
    [".5s", 500],
    ["1.s", 1000],
    ["1m30s", 90_000],
    ["1h1m1s1ms1us1ns", 3_661_001.001001],
    ["-1s", -1000],
    ["+1s", 1000],
    ["60h", 216_000_000],
  ])("%s is %p ms", (text, ms) => {
    expect(parseGoDuration(text)).toBeCloseTo(ms, 9);
  });

  test.each(["", "1", "junk", "1S", "1e3s", " 1s", "1s ", "s", ".s", "--1s", "9999999h", "1s1"])(
    "%p is none",
    (text) => {
      expect(parseGoDuration(text)).toBeUndefined();
    },
  );
});
