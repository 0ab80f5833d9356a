const indentWidth = 2;
const space = 0x20;
const newline = 0x0a;
const quote = 0x22;
const backslash = 0x5c;

/** Deeply nested JSON grows by the square of its depth: what would have more bytes than this is not indented here. */
export const maxPrettyBytes = 16 << 20;

/** How many bytes the JSON has when it is indented, as far as its braces, brackets and commas tell; undefined past the bound. */
function prettyLength(compact: Uint8Array): number | undefined {
  let length = compact.length;
  let depth = 0;
  for (let at = 0; at < compact.length && length <= maxPrettyBytes; at++) {
    switch (compact[at]) {
      case quote:
        at = stringEnd(compact, at) - 1;
        break;
      case 0x7b:
      case 0x5b:
        depth++;
        length += 1 + depth * indentWidth;
        break;
      case 0x7d:
      case 0x5d:
        depth--;
        length += 1 + depth * indentWidth;
        break;
      case 0x2c:
        length += 1 + depth * indentWidth;
        break;
      case 0x3a:
        length++;
    }
  }
  return length <= maxPrettyBytes ? length : undefined;
}

/**
 * Indents compact JSON as an apiserver does for `?pretty` and for people's user agents: two spaces, empty objects and
 * arrays closed at once, no newline at the end (apimachinery, serializer/json, `json.MarshalIndent`). Throws a RangeError
 * where it would have more than `maxPrettyBytes`.
 */
export function prettyJson(compact: Uint8Array): Uint8Array {
  const pretty = prettyJsonWithin(compact);
  if (pretty === undefined) throw new RangeError("the JSON is too deeply nested to be indented");
  return pretty;
}

/** The same; undefined where it would have more than `maxPrettyBytes`. */
export function prettyJsonWithin(compact: Uint8Array): Uint8Array | undefined {
  const length = prettyLength(compact);
  if (length === undefined) return undefined;
  const out = new Growing(length);
  let depth = 0;
  for (let at = 0; at < compact.length; at++) {
    const byte = compact[at] ?? 0;
    switch (byte) {
      case quote: {
        const end = stringEnd(compact, at);
        out.append(compact.subarray(at, end));
        at = end - 1;
        break;
      }
      case 0x7b:
      case 0x5b:
        out.byte(byte);
        if (compact[at + 1] === byte + 2) {
          out.byte(byte + 2);
          at++;
        } else out.line(++depth);
        break;
      case 0x7d:
      case 0x5d:
        out.line(--depth);
        out.byte(byte);
        break;
      case 0x2c:
        out.byte(byte);
        out.line(depth);
        break;
      case 0x3a:
        out.byte(byte);
        out.byte(space);
        break;
      case newline:
        break;
      default:
        out.byte(byte);
    }
  }
  return out.take();
}

function stringEnd(bytes: Uint8Array, from: number): number {
  let at = from + 1;
  while (bytes[at] !== quote && at < bytes.length) at += bytes[at] === backslash ? 2 : 1;
  return at + 1;
}

/** Bytes that are written one after the other into a buffer that doubles. */
class Growing {
  #bytes: Uint8Array;
  #length = 0;

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(Math.max(capacity, 64));
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  line(depth: number): void {
    const width = depth * indentWidth;
    this.#reserve(width + 1);
    this.#bytes[this.#length++] = newline;
    this.#bytes.fill(space, this.#length, this.#length + width);
    this.#length += width;
  }

  take(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const larger = new Uint8Array((this.#length + count) * 2);
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}
