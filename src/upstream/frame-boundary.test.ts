import { describe, expect, test } from "bun:test";

import { FrameBoundary } from "./frame-boundary.ts";

describe("FrameBoundary", () => {
  test.each([
    // what has passed                                                 -> between frames
    ["nothing", [], true],
    ["an empty frame", [0x82, 0], true],
    ["half a head", [0x82], false],
    ["a short frame", [0x82, 2, 1, 2], true],
    ["a short frame without its last byte", [0x82, 2, 1], false],
    ["a masked frame", [0x82, 0x81, 9, 9, 9, 9, 1], true],
    ["a masked frame without its mask", [0x82, 0x80, 9, 9, 9], false],
    ["a frame of 16 bits", [0x82, 126, 0, 3, 1, 2, 3], true],
    ["a frame of 64 bits", [0x82, 127, 0, 0, 0, 0, 0, 0, 0, 1, 7], true],
    ["a frame of 64 bits without its payload", [0x82, 127, 0, 0, 0, 0, 0, 0, 0, 1], false],
    ["two frames", [0x82, 1, 1, 0x88, 0], true],
    ["a frame and a half", [0x82, 1, 1, 0x88, 2, 3], false],
  ])("%s: %p, in one piece and byte by byte", (_, bytes, isBetween) => {
    const whole = new FrameBoundary();
    whole.passed(new Uint8Array(bytes));
    expect(whole.isBetweenFrames).toBe(isBetween);
    const slow = new FrameBoundary();
    for (const byte of bytes) slow.passed(new Uint8Array([byte]));
    expect(slow.isBetweenFrames).toBe(isBetween);
  });
});
