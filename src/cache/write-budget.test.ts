import { describe, expect, test } from "bun:test";

import { WriteBudget } from "./write-budget.ts";

describe("WriteBudget", () => {
  test("gives all at once, then as much again in a minute, and never more than that", () => {
    let now = 1000;
    const budget = new WriteBudget(60_000, () => now);
    budget.spend(60_000);
    expect([budget.left, budget.msUntil(500)]).toEqual([0, 500]);
    now += 30_000;
    expect(budget.left).toBe(30_000);
    budget.spend(40_000);
    expect([budget.left, budget.msUntil(1)]).toEqual([-10_000, 10_001]);
    now += 3_600_000;
    expect([budget.left, budget.msUntil(1)]).toEqual([60_000, 0]);
  });

  test("a clock that is set back costs nothing but its time", () => {
    let now = 1_000_000;
    const budget = new WriteBudget(60_000, () => now);
    budget.spend(60_000);
    now -= 900_000;
    expect(budget.left).toBe(0);
    now += 1000;
    expect(budget.left).toBe(1000);
  });
});
