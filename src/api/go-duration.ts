/** Nanoseconds of each unit (Go, time/format.go unitMap); both signs for micro. */
const units: ReadonlyMap<string, number> = new Map([
  ["ns", 1],
  ["us", 1e3],
  ["\u00b5s", 1e3],
  ["\u03bcs", 1e3],
  ["ms", 1e6],
  ["s", 1e9],
  ["m", 60e9],
  ["h", 3600e9],
]);

const wholeForm = /^[-+]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|\u00b5s|\u03bcs|ms|s|m|h))+)$/;
const partForm = /(\d+\.?\d*|\.\d+)([a-z\u00b5\u03bc]+)/g;

/** A duration as Go's time.ParseDuration reads it, in milliseconds; undefined for what it refuses, more than 292 years among that. */
export function parseGoDuration(text: string): number | undefined {
  if (!wholeForm.test(text)) return undefined;
  let nanoseconds = 0;
  for (const [, number, unit] of text.matchAll(partForm))
    nanoseconds += Number(number) * (units.get(unit ?? "") ?? 0);
  if (nanoseconds > 2 ** 63) return undefined;
  return ((text.startsWith("-") ? -1 : 1) * nanoseconds) / 1e6;
}
