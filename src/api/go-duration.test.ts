import { describe, expect, test } from "bun:test";

import { parseGoDuration } from "./go-duration.ts";

describe("parseGoDuration", () => {
  // Each compared with time.ParseDuration of Go 1.24.
  test.each([
    ["0", 0n],
    ["-0", 0n],
    ["+0", 0n],
    ["0s", 0n],
    ["1ns", 1n],
    ["0.5ns", 0n],
    ["2.9ns", 2n],
    ["1us", 1000n],
    ["1\u00b5s", 1000n],
    ["1\u03bcs", 1000n],
    ["250ms", 250_000_000n],
    ["1.5s", 1_500_000_000n],
    [".5s", 500_000_000n],
    ["1.s", 1_000_000_000n],
    ["+5s", 5_000_000_000n],
    ["-1s", -1_000_000_000n],
    ["1h30m", 5_400_000_000_000n],
    ["1s1s", 2_000_000_000n],
    ["0000000000000000000000001s", 1_000_000_000n],
    ["0.000000000001s", 0n],
    ["0.3333333333333333333h", 1_200_000_000_000n],
    ["0.99999999999999999999999999h", 3_600_000_000_000n],
    ["2562047h47m16.854775807s", 9223372036854775807n],
    ["-2562047h47m16.854775808s", -9223372036854775808n],
  ])("%j is %p ns", (text, ns) => {
    expect(parseGoDuration(text)).toBe(ns);
  });

  test.each([
    "",
    "+",
    "-",
    "1",
    "-1",
    "s",
    ".",
    ".s",
    "5S",
    "1 s",
    " 5s",
    "5s ",
    "1e3s",
    "--1s",
    "1s-1s",
    "1.5.5s",
    "foo",
    "9999999999h",
    "2562047h47m16.854775808s",
    `${"9".repeat(200_000)}s`,
  ])("%.40j is none", (text) => {
    expect(parseGoDuration(text)).toBeUndefined();
  });
});
