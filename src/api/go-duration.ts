/** Nanoseconds of each unit; both spellings of micro, U+00B5 and U+03BC. */
const unitNs: ReadonlyMap<string, bigint> = new Map([
  ["ns", 1n],
  ["us", 1000n],
  ["\u00b5s", 1000n],
  ["\u03bcs", 1000n],
  ["ms", 1_000_000n],
  ["s", 1_000_000_000n],
  ["m", 60_000_000_000n],
  ["h", 3_600_000_000_000n],
]);

const longestNs = 2n ** 63n;
/** Go stops to count the digits of a fraction before they overflow. */
const longestFraction = (longestNs - 1n) / 10n;

/** No number below 2^63 has more digits, zeros before it aside. */
const mostDigits = 19;

/** Zeros before the number are apart. */
const numberAndUnit = /(0*)([0-9]*)(?:\.([0-9]*))?([^0-9.]+)/y;

/**
 * Nanoseconds of a Go duration, exactly as Go's time.ParseDuration reads it: `1.5s`, `1h30m`, `-.5s`, `+0`. Undefined where it
 * returns an error. An apiserver reads the query key `timeout` so.
 */
export function parseGoDuration(text: string): bigint | undefined {
  const isNegative = text.startsWith("-");
  const rest = isNegative || text.startsWith("+") ? text.slice(1) : text;
  if (rest === "0") return 0n;
  const total = sumOf(rest);
  if (total === undefined) return undefined;
  if (isNegative) return -total;
  return total === longestNs ? undefined : total;
}

/** Undefined where a part is no number with a unit, or the sum passes 2^63. */
function sumOf(text: string): bigint | undefined {
  if (text === "") return undefined;
  let total = 0n;
  numberAndUnit.lastIndex = 0;
  while (numberAndUnit.lastIndex < text.length) {
    const [, zeros = "", whole = "", fraction = "", name = ""] = numberAndUnit.exec(text) ?? [];
    const unit = unitNs.get(name);
    if (unit === undefined || zeros + whole + fraction === "") return undefined;
    if (whole.length > mostDigits) return undefined;
    total += BigInt(whole) * unit + fractionOf(fraction, unit);
    if (total > longestNs) return undefined;
  }
  return total;
}

/** In floating point, as Go has it. */
function fractionOf(digits: string, unit: bigint): bigint {
  let value = 0n;
  let scale = 1;
  for (const digit of digits) {
    if (value > longestFraction) break;
    value = value * 10n + BigInt(digit);
    scale *= 10;
  }
  return BigInt(Math.trunc(Number(value) * (Number(unit) / scale)));
}
