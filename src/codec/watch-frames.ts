import { concat } from "./json-list.ts";
import { readWatchLine } from "./json-watch.ts";
import { MalformedJsonError } from "./json.ts";
import { frame as protobufEvent } from "./protobuf-codec.ts";
import { readWatchEvent } from "./protobuf-streams.ts";
import { MalformedProtobufError } from "./protobuf.ts";

/** One event of a watch stream, as it came. */
export interface WatchFrame {
  /** As on the wire: ADDED, BOOKMARK, … */
  readonly type: string;
  /** A whole object: in JSON with its kind, in protobuf in its envelope. */
  readonly object: Uint8Array;
  /** All of the event, its framing included. */
  readonly whole: Uint8Array;
}

/** Cuts a watch stream into its events, whatever they hold. `push` throws when the bytes are none, or one is too large. */
export interface WatchFrames {
  push(chunk: Uint8Array): readonly WatchFrame[];
}

/** An event larger than this is none: etcd's limit is 1.5 MiB, a Table of it is larger. */
const maxFrameBytes = 64 << 20;

/** Cuts a watch stream of this encoding. */
export function watchFrames(format: "json" | "protobuf"): WatchFrames {
  return format === "json" ? new Frames(lineEnd, jsonFrame) : new Frames(lengthEnd, protobufFrame);
}

/** An event as it goes over the wire, its object whole as in a `WatchFrame`. */
export function encodeFrame(
  format: "json" | "protobuf",
  type: string,
  object: Uint8Array,
): Uint8Array {
  if (format === "protobuf") return protobufEvent(type, object);
  const encoder = new TextEncoder();
  return concat([
    encoder.encode(`{"type":${JSON.stringify(type)},"object":`),
    object,
    encoder.encode("}\n"),
  ]);
}

/** Where the first event of the bytes ends; undefined while it is not whole. */
type FindEnd = (bytes: Uint8Array) => number | undefined;

class Frames implements WatchFrames {
  readonly #findEnd: FindEnd;
  readonly #read: (whole: Uint8Array) => WatchFrame | undefined;
  #pending: Uint8Array = new Uint8Array(0);

  constructor(findEnd: FindEnd, read: (whole: Uint8Array) => WatchFrame | undefined) {
    this.#findEnd = findEnd;
    this.#read = read;
  }

  push(chunk: Uint8Array): readonly WatchFrame[] {
    let rest = this.#pending.length === 0 ? chunk : concat([this.#pending, chunk]);
    const frames: WatchFrame[] = [];
    for (let end = this.#findEnd(rest); end !== undefined; end = this.#findEnd(rest)) {
      const frame = this.#read(rest.subarray(0, end));
      if (frame !== undefined) frames.push(frame);
      rest = rest.subarray(end);
    }
    if (rest.length > maxFrameBytes) throw new MalformedJsonError("an event without end", 0);
    this.#pending = rest.slice();
    return frames;
  }
}

function lineEnd(bytes: Uint8Array): number | undefined {
  const end = bytes.indexOf(0x0a);
  return end === -1 ? undefined : end + 1;
}

function jsonFrame(whole: Uint8Array): WatchFrame | undefined {
  if (whole.every((byte) => byte <= 0x20)) return undefined;
  return { ...readWatchLine(whole), whole };
}

const lengthBytes = 4;

function lengthEnd(bytes: Uint8Array): number | undefined {
  if (bytes.length < lengthBytes) return undefined;
  const length = new DataView(bytes.buffer, bytes.byteOffset, lengthBytes).getUint32(0);
  if (length > maxFrameBytes) throw new MalformedProtobufError("an event too large");
  return bytes.length < lengthBytes + length ? undefined : lengthBytes + length;
}

function protobufFrame(whole: Uint8Array): WatchFrame {
  return { ...readWatchEvent(whole.subarray(lengthBytes)), whole };
}
