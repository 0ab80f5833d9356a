import { describe, expect, test } from "bun:test";

import { Metrics } from "./metrics.ts";
import { printable } from "./printable.ts";
import { renderTable } from "./status-page.ts";

describe("printable", () => {
  test.each([
    ["configmaps in default, json", "configmaps in default, json"],
    ["größe ✓", "größe ✓"],
    ["a\nFAKE", "a\\u000aFAKE"],
    ["a\r\t\x1b[2Jb", "a\\u000d\\u0009\\u001b[2Jb"],
    ["a\u2028b\u202ec", "a\\u2028b\\u202ec"],
  ])("%j is %j", (text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  test("cuts long text, and keeps two of them apart", () => {
    const [one, two] = [printable(`${"x".repeat(100_000)}1`), printable(`${"x".repeat(100_000)}2`)];
    expect(one.length).toBeLessThan(300);
    expect(one).not.toBe(two);
  });
});

describe("a page", () => {
  test("has no line that a label has forged", () => {
    const metrics = new Metrics();
    metrics.counter("a", "A.", { b: 'x"} 1\nforged_total 7\n#' }).value = 1;
    expect(metrics.render().split("\n")).toEqual([
      "# HELP a A.",
      "# TYPE a counter",
      String.raw`a{b="x\"} 1\\u000aforged_total 7\\u000a#"} 1`,
      "",
    ]);
  });

  test("has no line that a cell has forged", () => {
    expect(renderTable([["a\nFAKE", "b"]])).toBe("a\\u000aFAKE   b\n");
  });
});
