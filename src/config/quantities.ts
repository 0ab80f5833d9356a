// Times and sizes. A parser throws a ConfigError without the flag's name, which its caller puts before it.

import { parseGoDuration } from "../api/go-duration.ts";
import { ConfigError } from "./error.ts";

/** Milliseconds of a Go duration: `5m`, `1h30m`, `250ms`, `0`. Negative ones are none here. */
export function parseDuration(text: string): number {
  const nanoseconds = parseGoDuration(text);
  if (nanoseconds !== undefined && nanoseconds >= 0n) return Number(nanoseconds) / 1e6;
  const right = rightDuration(text) ?? "5m or 1h30m";
  throw new ConfigError(`${JSON.stringify(text)} is no duration; write it as ${right}`);
}

/** What is meant by a number without a unit, or with one that Go writes otherwise; undefined: nobody knows. */
function rightDuration(text: string): string | undefined {
  const [, amount, name = ""] = /^(\d{1,6}) ?([a-z]*)$/i.exec(text) ?? [];
  if (amount === undefined) return undefined;
  if (name === "") return `${amount}s or ${amount}m`;
  const unit = name.toLowerCase();
  if (/^d(?:ays?)?$/.test(unit)) return `${Number(amount) * 24}h`;
  const [short] = /^(?:ms|s|m|h)$/.exec(unit) ?? /^(?:s(?=ec)|m(?=in)|h(?=our))/.exec(unit) ?? [];
  return short && `${amount}${short}`;
}

/** Timers of JavaScript hold 31 bits of milliseconds, 24.8 days: what is longer fires at once. */
const longestDurationMs = 2 ** 31 - 1;

/** As `parseDuration`, and not below the least of it, nor beyond what a timer can hold. */
export function parseDurationFrom(leastMs: number): (text: string) => number {
  return (text) => {
    const milliseconds = parseDuration(text);
    if (milliseconds < leastMs) {
      throw new ConfigError(`${text} is too short; at least ${formatDuration(leastMs)}`);
    }
    if (milliseconds > longestDurationMs) {
      throw new ConfigError(`${text} is too long; at most 596h`);
    }
    return milliseconds;
  };
}

const msPerUnit: Readonly<Record<string, number>> = {
  us: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** A duration as Go would take it back, in the largest unit that needs no fraction. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds === 0) return "0";
  for (const unit of ["h", "m", "s", "ms", "us"]) {
    const amount = milliseconds / (msPerUnit[unit] ?? 1);
    if (Number.isInteger(amount)) return `${amount}${unit}`;
  }
  return `${Math.round(milliseconds * 1e6)}ns`;
}

const bytesPerUnit: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
};

const sizeForm =
  /^(?<amount>\d+\.?\d*|\.\d+)(?:[eE]\+?(?<exponent>\d{1,2})|(?<unit>[kMGTP]|[KMGTP]i)(?:(?<=i)B)?|(?<decimal>[kKMGTP])B|B)?$/;

/**
 * Bytes of a Kubernetes quantity (apimachinery, api/resource): `64Mi`, `1Gi`, `500k`, `1e6`, `65536`; also with a B behind it, as
 * others write it: `64MiB` is `64Mi`, `64MB` is `64M`. Fractions of a byte round up, as there.
 */
export function parseSize(text: string): number {
  const { amount, exponent, unit, decimal } = sizeForm.exec(text)?.groups ?? {};
  const named = unit ?? decimal?.replace("K", "k") ?? "";
  const bytes = Math.ceil(
    Number(`${amount}e${exponent ?? 0}`) * (bytesPerUnit[named] ?? Number.NaN),
  );
  if (amount === undefined) {
    const right = rightSize(text) ?? "64Mi, 1Gi, 500k or bytes";
    throw new ConfigError(`${JSON.stringify(text)} is no size; write it as ${right}`);
  }
  if (!Number.isSafeInteger(bytes)) throw new ConfigError(`${text} is too large; at most 7Pi`);
  return bytes;
}

/** What is meant by an amount whose unit has other letters, or a space before it; undefined: nobody knows. */
function rightSize(text: string): string | undefined {
  const [, amount, unit, binary] =
    /^(\d+(?:\.\d+)?) ?([kmgtp])(?:(i)?b?|(?:i)?bytes?)$/i.exec(text) ?? [];
  if (amount === undefined || unit === undefined) return undefined;
  const large = unit.toUpperCase();
  const decimal = large === "K" ? "k" : large;
  return binary === undefined ? `${amount}${large}i or ${amount}${decimal}` : `${amount}${large}i`;
}

/** As `parseSize`, and not below the least of it. */
export function parseSizeFrom(leastBytes: number): (text: string) => number {
  return (text) => {
    const bytes = parseSize(text);
    if (bytes >= leastBytes) return bytes;
    throw new ConfigError(`${text} is too small; at least ${formatSize(leastBytes)}`);
  };
}

/** A size as a quantity, in the largest binary unit that needs no fraction. */
export function formatSize(bytes: number): string {
  const units = ["Pi", "Ti", "Gi", "Mi", "Ki"];
  const unit = units.find((name) => bytes > 0 && bytes % (bytesPerUnit[name] ?? 1) === 0) ?? "";
  return `${bytes / (bytesPerUnit[unit] ?? 1)}${unit}`;
}
