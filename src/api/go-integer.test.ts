import { describe, expect, test } from "bun:test";

import { parseInt64, parseUint64 } from "./go-integer.ts";

describe("parseInt64", () => {
  test.each([
    ["0", 0n],
    ["010", 10n],
    ["+1", 1n],
    ["-1", -1n],
    ["9223372036854775807", 9223372036854775807n],
    ["-9223372036854775808", -9223372036854775808n],
  ])("%s is a number", (text, value) => {
    expect(parseInt64(text)).toEqual({ ok: true, value });
  });

  test.each([
    ["", 'strconv.ParseInt: parsing "": invalid syntax'],
    ["x", 'strconv.ParseInt: parsing "x": invalid syntax'],
    [" 1", 'strconv.ParseInt: parsing " 1": invalid syntax'],
    ["1.5", 'strconv.ParseInt: parsing "1.5": invalid syntax'],
    ["0x10", 'strconv.ParseInt: parsing "0x10": invalid syntax'],
    ["1_0", 'strconv.ParseInt: parsing "1_0": invalid syntax'],
    ["9223372036854775808", 'strconv.ParseInt: parsing "9223372036854775808": value out of range'],
  ])("%j is refused", (text, error) => {
    expect(parseInt64(text)).toEqual({ ok: false, error });
  });
});

describe("parseUint64", () => {
  test.each([
    ["18446744073709551615", { ok: true, value: 18446744073709551615n }],
    ["01", { ok: true, value: 1n }],
    ["-1", { ok: false, error: 'strconv.ParseUint: parsing "-1": invalid syntax' }],
    ["+1", { ok: false, error: 'strconv.ParseUint: parsing "+1": invalid syntax' }],
    [
      "18446744073709551616",
      { ok: false, error: 'strconv.ParseUint: parsing "18446744073709551616": value out of range' },
    ],
  ])("%s", (text, parsed) => {
    expect(parseUint64(text)).toEqual(parsed as ReturnType<typeof parseUint64>);
  });
});
