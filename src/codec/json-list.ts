import { type Allocate, allocateOwn, copyTo, type ListEnvelope, type ListReader } from "./codec.ts";
import { decodeJson, decodeString, findMember, latin1, MalformedJsonError } from "./json.ts";

const quote = 0x22;
const backslash = 0x5c;
const itemsKey = '"items"';

/**
 * Reads a JSON list as it arrives: one pass over the bytes, and no copy but the items' own.
 * Everything around the items is kept as the envelope, in which the items stand as an empty array.
 */
export class JsonListReader implements ListReader {
  readonly #allocate: Allocate;
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** The envelope's bytes: all that lies outside the items. */
  #envelope: Uint8Array[] = [];
  #inItems = false;
  #ended = false;
  /** The text of the envelope since the last comma or brace at depth 1: names the array that opens. */
  #lastKey = "";
  #keyAt = -1;
  #pieces: Uint8Array[] = [];

  constructor(allocate: Allocate = allocateOwn) {
    this.#allocate = allocate;
  }

  push(chunk: Uint8Array): readonly Uint8Array[] {
    const items: Uint8Array[] = [];
    let depth = this.#depth;
    let inItems = this.#inItems;
    /** Where the bytes begin that are not yet given away: an item's when inside one, else the envelope's. */
    let from = 0;
    let at = 0;
    const length = chunk.length;
    while (at < length) {
      if (this.#inString) {
        at = this.#scanString(chunk, at);
        if (!this.#inString && depth === 1 && this.#keyAt >= 0) {
          this.#lastKey += latin1(chunk, this.#keyAt, at);
          this.#keyAt = -1;
        }
        continue;
      }
      const byte = chunk[at] ?? 0;
      if (byte === quote) {
        this.#inString = true;
        if (depth === 1) {
          this.#lastKey = "";
          this.#keyAt = at;
        }
      } else if (byte === 0x7b || byte === 0x5b) {
        if (inItems && depth === 2) from = at;
        depth++;
        if (depth === 2 && byte === 0x5b && this.#lastKey === itemsKey) {
          inItems = true;
          this.#envelope.push(chunk.slice(from, at + 1));
          from = at + 1;
        }
      } else if (byte === 0x7d || byte === 0x5d) {
        depth--;
        if (inItems && depth === 2) {
          items.push(this.#item(chunk, from, at + 1));
          from = at + 1;
        } else if (inItems && depth === 1) {
          inItems = false;
          from = at;
        } else if (depth === 0) this.#ended = true;
        else if (depth < 0) throw new MalformedJsonError("a bracket too many", at);
      }
      at++;
    }
    if (this.#keyAt >= 0) {
      this.#lastKey += latin1(chunk, this.#keyAt, length);
      this.#keyAt = 0;
    }
    if (inItems && depth > 2) this.#pieces.push(chunk.slice(from));
    else if (!inItems) this.#envelope.push(chunk.slice(from));
    this.#depth = depth;
    this.#inItems = inItems;
    return items;
  }

  finish(): ListEnvelope {
    if (!this.#ended || this.#depth !== 0) throw new MalformedJsonError("the list broke off", 0);
    const bytes = Buffer.concat(this.#envelope);
    const form = decodeMember(bytes, "kind");
    const metadata = findMember(bytes, 0, "metadata");
    const items = findMember(bytes, 0, "items");
    if (metadata === undefined || items === undefined)
      throw new MalformedJsonError("no list of items", 0);
    return {
      form: {
        kind: form,
        apiVersion: decodeMember(bytes, "apiVersion"),
        style: metadata.start < items.start ? "typed" : "unstructured",
      },
      ...listMeta(decodeJson(bytes, metadata)),
    };
  }

  /** Goes to the end of the string or of the chunk. */
  #scanString(chunk: Uint8Array, from: number): number {
    const length = chunk.length;
    let at = from;
    if (this.#escaped) {
      this.#escaped = false;
      at++;
    }
    for (; at < length; at++) {
      const byte = chunk[at];
      if (byte === quote) {
        this.#inString = false;
        return at + 1;
      }
      if (byte === backslash) {
        at++;
        if (at === length) this.#escaped = true;
      }
    }
    return length;
  }

  #item(chunk: Uint8Array, from: number, to: number): Uint8Array {
    if (this.#pieces.length === 0) return copyTo(this.#allocate, chunk.subarray(from, to));
    this.#pieces.push(chunk.subarray(from, to));
    const whole = concat(this.#pieces, this.#allocate);
    this.#pieces = [];
    return whole;
  }
}

/** One array of exactly the pieces' bytes. */
export function concat(
  pieces: readonly Uint8Array[],
  allocate: Allocate = allocateOwn,
): Uint8Array {
  let length = 0;
  for (const piece of pieces) length += piece.length;
  const whole = allocate(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

function decodeMember(bytes: Uint8Array, key: string): string {
  const range = findMember(bytes, 0, key);
  if (range === undefined) throw new MalformedJsonError(`a list without ${key}`, 0);
  return decodeString(bytes, range);
}

function listMeta(metadata: unknown): { resourceVersion: string; continue: string } {
  const meta: Record<string, unknown> = { ...(metadata as object) };
  const resourceVersion = meta["resourceVersion"];
  const token = meta["continue"];
  return {
    resourceVersion: typeof resourceVersion === "string" ? resourceVersion : "",
    continue: typeof token === "string" ? token : "",
  };
}
