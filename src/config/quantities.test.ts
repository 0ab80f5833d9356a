import { describe, expect, test } from "bun:test";

import {
  formatDuration,
  formatSize,
  parseDuration,
  parseDurationFrom,
  parseSize,
  parseSizeFrom,
} from "./quantities.ts";

describe("parseDuration", () => {
  test.each([
    ["0", 0],
    ["250ms", 250],
    ["5m", 300_000],
    ["1h30m", 5_400_000],
    ["1.5s", 1500],
    [".5s", 500],
    ["1h2m3s4ms", 3_723_004],
    ["100us", 0.1],
    ["2µs", 0.002],
  ])("%s is %d ms", (text, milliseconds) => {
    expect(parseDuration(text)).toBeCloseTo(milliseconds, 6);
  });

  test.each(["", "5", "5x", "m", "-5s", "5 m", "1h30", "infinite", "1e3s", "5m5"])(
    "%p is refused",
    (text) => {
      expect(() => parseDuration(text)).toThrow("is no duration; write it as 5m or 1h30m");
    },
  );

  test("what is shorter than the least, or longer than a timer holds, is refused", () => {
    expect(() => parseDurationFrom(1000)("999ms")).toThrow("too short; at least 1s");
    expect(() => parseDurationFrom(0)("597h")).toThrow("too long; at most 596h");
    expect(parseDurationFrom(1000)("1s")).toBe(1000);
  });
});

describe("parseSize", () => {
  test.each([
    ["0", 0],
    ["65536", 65_536],
    ["64Mi", 64 * 2 ** 20],
    ["1Gi", 2 ** 30],
    ["1.5Ki", 1536],
    ["500k", 500_000],
    ["1M", 1_000_000],
    ["1e6", 1_000_000],
    ["1E3", 1000],
    ["0.1", 1],
  ])("%s is %d bytes", (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  test.each(["", "Mi", "64MB", "64mi", "-1", "1 Gi", "0x10", "99999999Pi", "64K"])(
    "%p is refused",
    (text) => {
      expect(() => parseSize(text)).toThrow("is no size; write it as 64Mi");
    },
  );

  test("what is smaller than the least is refused", () => {
    expect(() => parseSizeFrom(4096)("4095")).toThrow("4095 is too small; at least 4Ki");
  });
});

describe("format", () => {
  test.each(["0", "250ms", "10s", "5m", "90m", "1h", "100us"])("%s is written back", (text) => {
    expect(formatDuration(parseDuration(text))).toBe(text);
  });

  test.each(["0", "1000", "4Ki", "1Mi", "256Mi", "3Gi"])("%s is written back", (text) => {
    expect(formatSize(parseSize(text))).toBe(text);
  });
});
