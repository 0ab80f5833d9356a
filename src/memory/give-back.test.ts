import { describe, expect, test } from "bun:test";

import { MemoryWatch, QuietWatch } from "./give-back.ts";

/** When garbage is given back of a process that takes so much, second by second; `left` is what stays. */
function givenAt(bytes: number, left: number, seconds: number): readonly number[] {
  const at: number[] = [];
  let taken = bytes;
  let now = 0;
  const watch = new MemoryWatch(
    () => 100,
    () => taken,
    () => {
      at.push(now);
      taken = left;
    },
  );
  for (; now < seconds; now++) {
    watch.tick(now * 1000);
    taken = bytes;
  }
  return at;
}

describe("MemoryWatch", () => {
  test.each([
    // bytes, what stays of them -> the seconds at which garbage is given back
    [100, 50, []],
    [101, 50, [0, 2, 4, 6, 8]],
    [200, 150, [0, 4]],
  ])("of %d bytes, of which %d stay: %p", (bytes, left, seconds) => {
    expect(givenAt(bytes, left, 10)).toEqual(seconds);
  });
});

describe("QuietWatch", () => {
  test("gives back once requests have ended, and not again for a minute", () => {
    const at: number[] = [];
    let tick = 0;
    const watch = new QuietWatch(() => at.push(tick));
    for (; tick < 140; tick++) watch.tick(tick < 3 ? tick : tick < 70 ? 5 : 6);
    expect(at).toEqual([5, 72]);
  });

  test("gives back nothing without a request", () => {
    let given = 0;
    const watch = new QuietWatch(() => given++);
    for (let tick = 0; tick < 100; tick++) watch.tick(0);
    expect(given).toBe(0);
  });
});
