/** A reader of JSON bytes that finds where values lie and decodes only what is asked for. */

const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const comma = 0x2c;
const colon = 0x3a;

/** The bytes are not the JSON that an apiserver writes; nothing of them is used. */
export class MalformedJsonError extends Error {
  constructor(what: string, at: number) {
    super(`malformed JSON: ${what} at byte ${at}`);
    this.name = "MalformedJsonError";
  }
}

function skipSpace(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length) {
    const byte = bytes[at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
    at++;
  }
  return at;
}

/** The position after the string whose opening quote is at `from`. */
function skipString(bytes: Uint8Array, from: number): number {
  const length = bytes.length;
  for (let at = from + 1; at < length; at++) {
    const byte = bytes[at];
    if (byte === backslash) at++;
    else if (byte === quote) return at + 1;
  }
  throw new MalformedJsonError("a string without end", from);
}

function skipContainer(bytes: Uint8Array, from: number): number {
  const length = bytes.length;
  let depth = 0;
  for (let at = from; at < length; at++) {
    const byte = bytes[at];
    if (byte === quote) at = skipString(bytes, at) - 1;
    else if (byte === openBrace || byte === openBracket) depth++;
    else if ((byte === closeBrace || byte === closeBracket) && --depth === 0) return at + 1;
  }
  throw new MalformedJsonError("a value without end", from);
}

/** The position after the value that begins at `from`. Throws MalformedJsonError where it has no end. */
export function skipValue(bytes: Uint8Array, from: number): number {
  const first = bytes[from];
  if (first === quote) return skipString(bytes, from);
  if (first === openBrace || first === openBracket) return skipContainer(bytes, from);
  let at = from;
  while (at < bytes.length) {
    const byte = bytes[at];
    if (byte === comma || byte === closeBrace || byte === closeBracket || (byte ?? 0) <= 0x20)
      break;
    at++;
  }
  if (at === from) throw new MalformedJsonError("a value is missing", from);
  return at;
}

/** Where a member's value lies: `bytes[start, end)`. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Goes on to the next member, or ends the walk. */
export type Visit = "on" | "enough";

/**
 * Calls `visit` with each member of the object at `from`, in order, until it answers "enough".
 * The key is given as written, escapes and all: no key that we look for has any. `keyStart` is where its quote is.
 */
export function walkObject(
  bytes: Uint8Array,
  from: number,
  visit: (key: string, value: Range, keyStart: number) => Visit,
): void {
  let at = skipSpace(bytes, from);
  if (bytes[at] !== openBrace) throw new MalformedJsonError("no object", at);
  at = skipSpace(bytes, at + 1);
  while (bytes[at] !== closeBrace) {
    if (bytes[at] !== quote) throw new MalformedJsonError("no key", at);
    const keyStart = at;
    const keyEnd = skipString(bytes, at);
    const key = latin1(bytes, at + 1, keyEnd - 1);
    at = skipSpace(bytes, keyEnd);
    if (bytes[at] !== colon) throw new MalformedJsonError("no colon", at);
    const start = skipSpace(bytes, at + 1);
    const end = skipValue(bytes, start);
    if (visit(key, { start, end }, keyStart) === "enough") return;
    at = skipSpace(bytes, end);
    if (bytes[at] === comma) at = skipSpace(bytes, at + 1);
    else if (bytes[at] !== closeBrace) throw new MalformedJsonError("no comma", at);
  }
}

/** Calls `visit` with each element of the array at `from`, in order. */
export function walkArray(bytes: Uint8Array, from: number, visit: (value: Range) => void): void {
  let at = skipSpace(bytes, from);
  if (bytes[at] !== openBracket) throw new MalformedJsonError("no array", at);
  at = skipSpace(bytes, at + 1);
  while (bytes[at] !== closeBracket) {
    const end = skipValue(bytes, at);
    visit({ start: at, end });
    at = skipSpace(bytes, end);
    if (bytes[at] === comma) at = skipSpace(bytes, at + 1);
    else if (bytes[at] !== closeBracket) throw new MalformedJsonError("no comma", at);
  }
}

/** The member's value by its key, or undefined. */
export function findMember(bytes: Uint8Array, from: number, key: string): Range | undefined {
  let found: Range | undefined;
  walkObject(bytes, from, (name, value) => {
    if (name !== key) return "on";
    found = value;
    return "enough";
  });
  return found;
}

/** The bytes as text of one byte a character, without looking for more. */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.prototype.latin1Slice.call(bytes, start, end);
}

/** The value in the range, decoded whole. */
export function decodeJson(bytes: Uint8Array, range: Range): unknown {
  const text = Buffer.prototype.utf8Slice.call(bytes, range.start, range.end);
  return JSON.parse(text);
}

/** The text of the string in the range; throws MalformedJsonError for anything else. */
export function decodeString(bytes: Uint8Array, range: Range): string {
  const text = plainText(bytes, range);
  return text === undefined
    ? String(decodeJson(bytes, range))
    : latin1(bytes, text.start, text.end);
}

/** Where the text of a string lies, when it is ASCII without escapes. Throws where the value is no string. */
export function plainText(bytes: Uint8Array, range: Range): Range | undefined {
  if (bytes[range.start] !== quote) throw new MalformedJsonError("no string", range.start);
  for (let at = range.start + 1; at < range.end - 1; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === backslash || byte > 0x7f) return undefined;
  }
  return { start: range.start + 1, end: range.end - 1 };
}
