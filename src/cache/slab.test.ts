import { describe, expect, test } from "bun:test";

import { isPacked, SlabPacker } from "./slab.ts";

describe("the slabs of a packer", () => {
  test.each([
    { objects: 100, byteLength: 500, slabs: 1, largest: 128 << 10 },
    { objects: 1000, byteLength: 500, slabs: 4, largest: 128 << 10 },
    { objects: 10_000, byteLength: 5000, slabs: 36, largest: 4 << 20 },
  ])(
    "are few and at most a quarter of $objects × $byteLength bytes",
    ({ objects, byteLength, slabs, largest }) => {
      const { allocate } = new SlabPacker();
      const all = Array.from({ length: objects }, () => allocate(byteLength));
      expect(all.every(isPacked)).toBe(true);
      const buffers = [...new Set(all.map(({ buffer }) => buffer))];
      expect(buffers.length).toBeLessThanOrEqual(slabs);
      expect(Math.max(...buffers.map((each) => each.byteLength))).toBe(largest);
    },
  );

  test("have no place for what is large against them", () => {
    const { allocate } = new SlabPacker();
    expect(isPacked(allocate(9 << 10))).toBe(false);
    for (let at = 0; at < 2000; at++) allocate(1000);
    expect(isPacked(allocate(9 << 10))).toBe(true);
  });

  test("give each its own bytes", () => {
    const { allocate } = new SlabPacker();
    const all = Array.from({ length: 3000 }, (_, at) => allocate(1 + (at % 700)).fill(at % 251));
    for (const [at, bytes] of all.entries()) expect(bytes.every((b) => b === at % 251)).toBe(true);
  });
});
