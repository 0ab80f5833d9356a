import { describe, expect, test } from "bun:test";

import { formatNumber, formatTable } from "./table.ts";

describe("formatTable", () => {
  test("aligns text to the left and numbers to the right", () => {
    const rows = [
      ["name", "count"],
      ["a", "10"],
      ["long", "7"],
    ];
    expect(formatTable(rows)).toBe("name  count\na        10\nlong      7");
  });

  test("takes a missing cell for an empty one", () => {
    expect(formatTable([["a", "b"], ["c"]])).toBe("a  b\nc");
  });
});

describe("formatNumber", () => {
  test.each([
    [0, "0"],
    [0.0421, "0.042"],
    [1.234, "1.23"],
    [45.67, "45.7"],
    [1234.5, "1235"],
    [Number.NaN, "-"],
  ])("writes %p as %p", (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });
});
