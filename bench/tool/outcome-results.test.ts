import { describe, expect, test } from "bun:test";

import { measure, note, type Result } from "../result.ts";
import { outcomeResults } from "./outcome-results.ts";
import { hasPassed, type Outcome } from "./outcome.ts";

const outcome: Outcome = {
  case: "func",
  target: "proxy",
  operations: [
    { name: "get", count: 2, medianMs: 1, p90Ms: 1, p99Ms: 3, slowestMs: 3, bytes: 9 },
    { name: "once", count: 1, medianMs: 4, p90Ms: 4, p99Ms: 4, slowestMs: 5, bytes: 9 },
  ],
  checks: [{ name: "same", made: 5, held: 5, failures: [] }],
  usage: {
    seconds: 0,
    cpuSeconds: undefined,
    highestRss: undefined,
    lastRss: undefined,
    clientCpuSeconds: 0,
  },
  latency: [],
  memory: [],
  notes: ["seen"],
  error: undefined,
};

describe("outcomeResults", () => {
  test("tells of what was compared, and of what took how long", () => {
    expect(outcomeResults([outcome])).toEqual([
      measure("proxy: answers compared", 5, ""),
      { ...measure("proxy: of these wrong", 0, ""), bar: { at: "most", value: 0 } },
      measure("proxy: get, median", 1, "ms"),
      measure("proxy: once", 5, "ms"),
      note("proxy: seen"),
    ] satisfies readonly Result[]);
  });

  test("throws for a case that could not be made", () => {
    expect(() => outcomeResults([{ ...outcome, error: "no link" }])).toThrow("no link");
  });
});

describe("hasPassed", () => {
  test.each([
    ["all held", {}, true],
    ["one did not", { checks: [{ name: "same", made: 5, held: 4, failures: [] }] }, false],
    ["nothing was compared", { checks: [] }, false],
    ["it could not be made", { error: "no link" }, false],
  ])("%s", (_, change, passed) => {
    expect(hasPassed({ ...outcome, ...change })).toBe(passed);
  });
});
