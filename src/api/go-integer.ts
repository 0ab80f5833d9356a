import { goQuote } from "./go-quote.ts";

const int64Max = 2n ** 63n - 1n;
const int64Min = -(2n ** 63n);
const uint64Max = 2n ** 64n - 1n;

/** A number, or why Go's strconv refuses the text, in its words. */
export type ParsedInteger =
  { readonly ok: true; readonly value: bigint } | { readonly ok: false; readonly error: string };

/** Go's `strconv.ParseInt(text, 10, 64)`: an optional sign and decimal digits, nothing around them. */
export function parseInt64(text: string): ParsedInteger {
  if (!/^[+-]?[0-9]+$/.test(text)) return refused("ParseInt", text, "invalid syntax");
  const value = BigInt(text.startsWith("+") ? text.slice(1) : text);
  return value > int64Max || value < int64Min
    ? refused("ParseInt", text, "value out of range")
    : { ok: true, value };
}

/** Go's `strconv.ParseUint(text, 10, 64)`: decimal digits, no sign. */
export function parseUint64(text: string): ParsedInteger {
  if (!/^[0-9]+$/.test(text)) return refused("ParseUint", text, "invalid syntax");
  const value = BigInt(text);
  return value > uint64Max ? refused("ParseUint", text, "value out of range") : { ok: true, value };
}

function refused(call: string, text: string, why: string): ParsedInteger {
  return { ok: false, error: `strconv.${call}: parsing ${goQuote(text)}: ${why}` };
}
