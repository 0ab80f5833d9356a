import { describe, expect, test } from "bun:test";

import type { ObjectKey } from "../api/object-key.ts";
import { column, SegmentEntries } from "./segment-entries.ts";

describe("SegmentEntries", () => {
  test("each key has numbers of its own, also when there are many, and after others went", () => {
    const entries = new SegmentEntries();
    const known = new Map<string, number>();
    for (let step = 0; step < 5000; step++) {
      const key = `namespace/${(step * 7919) % 1500}` as ObjectKey;
      const row = entries.rowOf(key);
      expect(row === undefined).toBe(!known.has(key));
      if (row !== undefined && step % 3 === 0) {
        entries.delete(key);
        known.delete(key);
        continue;
      }
      const there = row ?? entries.add(key);
      if (row === undefined) expect(entries.get(there, column.copies)).toBe(0);
      entries.set(there, column.copies, step);
      entries.set(there, column.length, 2 ** 32 - 1 - step);
      known.set(key, step);
    }
    for (const [key, step] of known) {
      const row = entries.rowOf(key as ObjectKey);
      if (row === undefined) throw new Error(`${key} is gone`);
      expect([entries.get(row, column.copies), entries.get(row, column.length)]).toEqual([
        step,
        2 ** 32 - 1 - step,
      ]);
    }
    expect(known.size).toBeGreaterThan(500);
  });
});
