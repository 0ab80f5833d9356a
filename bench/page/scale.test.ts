import { describe, expect, test } from "bun:test";

import { linearScale, logScale } from "./scale.ts";

describe("linearScale", () => {
  test.each([
    [72, "round", [0, 20, 40, 60, 80]],
    [72, "exact", [0, 20, 40, 60]],
    [100, "round", [0, 20, 40, 60, 80, 100]],
    [100, "exact", [0, 20, 40, 60, 80, 100]],
    [0.3, "round", [0, 0.1, 0.2, 0.3]],
  ] as const)("to %p, %s, names %p", (highest, end, ticks) => {
    expect(linearScale(highest, end).ticks).toEqual([...ticks]);
  });

  test("places the highest value at its end", () => {
    expect(linearScale(72, "exact").place(72)).toBe(1);
    expect(linearScale(72, "round").place(72)).toBeCloseTo(0.9);
  });
});

describe("logScale", () => {
  test("goes from power of ten to power of ten", () => {
    const scale = logScale(0.3, 150);
    expect(scale.ticks).toEqual([0.1, 1, 10, 100, 1000]);
    expect([0.1, 10, 1000].map((value) => scale.place(value))).toEqual([0, 0.5, 1]);
  });
});
