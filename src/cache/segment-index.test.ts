import { describe, expect, test } from "bun:test";

import { objectAt } from "../testing/disk.ts";
import { configMap } from "../testing/objects.ts";
import { SegmentIndex } from "./segment-index.ts";
import { SegmentBuilder } from "./segment.ts";

const long = 100_000;

/** Each segment holds a large object that is overtaken later, and a small one that is not. */
function overtakenSegments(sizes: readonly number[]): SegmentIndex {
  const index = new SegmentIndex();
  let number = 0;
  const add = (builder: SegmentBuilder) => {
    const { head, headText, body } = builder.finish(0);
    index.add(++number, head, headText.length + body.length, number);
  };
  for (const [at, size] of sizes.entries()) {
    const builder = new SegmentBuilder();
    builder.hold(configMap({ name: `large-${at}`, uid: "u".repeat(size) }));
    builder.hold(objectAt(`small-${at}`, 1));
    add(builder);
  }
  const newest = new SegmentBuilder();
  for (const at of sizes.keys()) newest.hold(objectAt(`large-${at}`, 2));
  add(newest);
  return index;
}

function bytesRead(index: SegmentIndex): number {
  const victims = new Set(index.victims(long).map(({ number }) => number));
  return [...index.segments]
    .filter(({ number }) => victims.has(number))
    .reduce((sum, { byteLength }) => sum + byteLength, 0);
}

describe("SegmentIndex", () => {
  test("one compaction takes segments of a megabyte at most", () => {
    const index = overtakenSegments(Array.from({ length: 40 }, () => 300_000));
    expect(index.victims(long)).toHaveLength(3);
    expect(bytesRead(index)).toBeLessThanOrEqual(1 << 20);
  });

  test("but one that is larger, so that it goes at all", () => {
    const index = overtakenSegments([2_500_000, 2_500_000, 2_500_000]);
    expect(index.victims(long)).toHaveLength(1);
  });

  test("none while watches may need what was overtaken", () => {
    expect(overtakenSegments([2_500_000, 2_500_000]).victims(70_000)).toEqual([]);
  });
});
