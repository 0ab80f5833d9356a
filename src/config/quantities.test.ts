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

  test.each(["", "5x", "m", "-5s", "1h30", "infinite", "1e3s", "5m5", "9999999999h"])(
    "%p is refused",
    (text) => {
      expect(() => parseDuration(text)).toThrow("is no duration; write it as 5m or 1h30m");
    },
  );

  test.each([
    ["5", "5s or 5m"],
    ["5 m", "5m"],
    ["5S", "5s"],
    ["5 sec", "5s"],
    ["5min", "5m"],
    ["2hours", "2h"],
    ["7d", "168h"],
  ])("%p is refused: it is written %s", (text, right) => {
    expect(() => parseDuration(text)).toThrow(
      `${JSON.stringify(text)} is no duration; write it as ${right}`,
    );
  });

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
    ["64MiB", 64 * 2 ** 20],
    ["64MB", 64_000_000],
    ["1GiB", 2 ** 30],
    ["1.5KiB", 1536],
    ["1kB", 1000],
    ["1KB", 1000],
    ["1TB", 1e12],
    ["512B", 512],
  ])("%s is %d bytes", (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  test.each([
    ["", "64Mi, 1Gi, 500k or bytes"],
    ["Mi", "64Mi, 1Gi"],
    ["-1", "64Mi, 1Gi"],
    ["0x10", "64Mi, 1Gi"],
    ["1e3B", "64Mi, 1Gi"],
    ["64mi", "64Mi"],
    ["64mib", "64Mi"],
    ["64mb", "64Mi or 64M"],
    ["64m", "64Mi or 64M"],
    ["1 Gi", "1Gi"],
    ["1.5g", "1.5Gi or 1.5G"],
    ["64K", "64Ki or 64k"],
  ])("%p is refused, and %s is named", (text, right) => {
    expect(() => parseSize(text)).toThrow(`is no size; write it as ${right}`);
  });

  test("what is too large to be counted, or smaller than the least, is refused", () => {
    expect(() => parseSize("99999999Pi")).toThrow("99999999Pi is too large; at most 7Pi");
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
