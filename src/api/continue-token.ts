import { goQuote } from "./go-quote.ts";
import { badRequest, type StatusError } from "./status.ts";

/** Where a paginated LIST goes on. */
export interface ContinueToken {
  /** Decimal: that exact version; `-1`: the latest one (the rest may not fit the first pages). */
  readonly resourceVersion: string;
  /**
   * The first key of the next page, relative to the list's prefix: `name` in a namespace, `namespace/name` over all of them.
   * Usually the last key shown with a NUL behind it, which is the least key above that one.
   */
  readonly startKey: string;
}

const apiVersion = "meta.k8s.io/v1";

/** The token that an apiserver 1.37 writes, byte for byte (apiserver, storage/continue.go); 1.33 takes it too. */
export function encodeContinue(resourceVersion: string, startKey: string): string {
  const start = JSON.stringify(`/${startKey}`);
  return Buffer.from(`{"v":"${apiVersion}","rv":${resourceVersion},"start":${start}}`).toString(
    "base64url",
  );
}

/**
 * Reads a token of ours or of an apiserver; throws `badRequest` in upstream's words. Where the token holds broken JSON, only a
 * wrong first character is worded as Go words it.
 */
export function decodeContinue(token: string): ContinueToken {
  const bytes = decodeBase64(token);
  const fields = readFields(new TextDecoder().decode(bytes), bytes);
  const version = fields.get("v") ?? '""';
  if (version !== JSON.stringify(apiVersion)) {
    const shown = version.startsWith('"') ? String(JSON.parse(version)) : "";
    throw invalid(`server does not recognize this encoded version ${shown}`);
  }
  const resourceVersion = fields.get("rv") ?? "0";
  const start = String(JSON.parse(fields.get("start") ?? '""'));
  if (/^-?0$/.test(resourceVersion)) {
    throw invalid(`incorrect encoded start resourceVersion (version ${apiVersion})`);
  }
  if (start === "") throw invalid(`encoded start key empty (version ${apiVersion})`);
  const key = start.startsWith("/") ? start.slice(1) : start;
  if (!isClean(key)) throw invalid(start);
  return {
    resourceVersion: resourceVersion.startsWith("-") ? "-1" : resourceVersion,
    startKey: key,
  };
}

/** Go's base64.RawURLEncoding: no padding, line ends ignored, no more than the text's own bytes. */
function decodeBase64(token: string): Uint8Array {
  const bad = token.search(/[^A-Za-z0-9_\-\r\n]/);
  if (bad >= 0) throw illegalBase64(Buffer.byteLength(token.slice(0, bad)));
  const text = token.replace(/[\r\n]/g, "");
  if (text.length % 4 === 1) throw illegalBase64(text.length - 1);
  return Buffer.from(text, "base64url");
}

/** The token's fields in their JSON text, keys in any case, the last of a key counts, as Go's encoding/json reads a struct. */
function readFields(text: string, bytes: Uint8Array): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  const parsed = parseJson(text, bytes);
  if (parsed === null) return fields;
  if (typeof parsed !== "object" || Array.isArray(parsed) || parsed instanceof JsonNumber) {
    throw invalid(
      `json: cannot unmarshal ${goKind(parsed)} into Go value of type storage.continueToken`,
    );
  }
  for (const [name, value] of Object.entries(parsed)) {
    const key = name.toLowerCase();
    if (value === null || !["v", "rv", "start"].includes(key)) continue;
    fields.set(key, checked(key, value));
  }
  return fields;
}

function checked(key: string, value: unknown): string {
  const isNumber = value instanceof JsonNumber;
  if (key === "rv") {
    if (isNumber && isInt64(value.text)) return value.text;
    const shown = isNumber ? `number ${value.text}` : goKind(value);
    throw invalid(
      `json: cannot unmarshal ${shown} into Go struct field continueToken.rv of type int64`,
    );
  }
  if (typeof value === "string") return JSON.stringify(value);
  throw invalid(
    `json: cannot unmarshal ${goKind(value)} into Go struct field continueToken.${key} of type string`,
  );
}

/** A number in its own digits: a resourceVersion may be past what a double holds. */
class JsonNumber {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** A reviver; its third argument has the text of a number (ECMA-262, JSON.parse source text access). */
function keepDigits(
  _key: string,
  value: unknown,
  ...rest: readonly { source?: string }[]
): unknown {
  return typeof value === "number" ? new JsonNumber(rest[0]?.source ?? String(value)) : value;
}

function parseJson(text: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(text, keepDigits);
  } catch {
    const at = bytes.findIndex((byte) => ![0x20, 0x09, 0x0a, 0x0d].includes(byte));
    const first = String.fromCharCode(bytes[at] ?? 0x7b);
    if (/[[{"\-0-9tfn]/.test(first)) throw invalid("unexpected end of JSON input");
    const quoted = first === "'" ? "\\'" : first === '"' ? first : goQuote(first).slice(1, -1);
    throw invalid(`invalid character '${quoted}' looking for beginning of value`);
  }
}

function goKind(value: unknown): string {
  if (value instanceof JsonNumber) return "number";
  if (Array.isArray(value)) return "array";
  return typeof value === "boolean" ? "bool" : typeof value;
}

function isInt64(text: string): boolean {
  return /^-?[0-9]+$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);
}

/** Whether Go's path.Clean leaves `/key` as it is: a key can then not leave the list's prefix. */
function isClean(key: string): boolean {
  return key === "" || key.split("/").every((part) => !["", ".", ".."].includes(part));
}

function invalid(why: string): StatusError {
  return badRequest(`invalid continue token: continue key is not valid: ${why}`);
}

function illegalBase64(at: number): StatusError {
  return invalid(`illegal base64 data at input byte ${at}`);
}
