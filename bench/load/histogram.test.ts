import { describe, expect, test } from "bun:test";

import { Histogram } from "./histogram.ts";

function filled(...values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

describe("Histogram", () => {
  test.each([0, 1, 63, 64, 127, 128, 1000, 123_456, 9_999_999])(
    "keeps %p within 1.6 %%",
    (value) => {
      const kept = filled(value).quantile(0.5);
      expect(Math.abs(kept - value)).toBeLessThanOrEqual(value * 0.016);
    },
  );

  test("the median and the 99th percentile are values that were recorded", () => {
    const histogram = filled(...Array.from({ length: 100 }, (_, at) => (at === 99 ? 50 : 10)));
    expect([histogram.quantile(0.5), histogram.quantile(0.99), histogram.quantile(1)]).toEqual([
      10, 10, 50,
    ]);
  });

  test("a merged one has the values of both", () => {
    const histogram = filled(1, 2);
    histogram.merge(filled(40).toJSON());
    expect([histogram.total, histogram.quantile(1)]).toEqual([3, 40]);
  });

  test("an empty one has no quantile", () => {
    expect(filled().quantile(0.5)).toBeNaN();
  });
});
