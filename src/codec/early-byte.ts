import type { EarlyByte } from "../http/answer.ts";
import type { Format } from "./codec.ts";

/** Milliseconds until a watch in which nothing has happened sends its first byte (CONTRACT 13). */
const afterMs = 50;

/**
 * The first byte of a watch of this format. In JSON it is a space, which becomes the start of the first line. A frame of
 * protobuf begins with its length in four bytes, the highest first, and no frame has 16 MiB: its first byte is 0.
 */
const earlyBytes: Readonly<Record<Format, EarlyByte>> = {
  json: { byte: 0x20, belongsTo: "nothing", afterMs },
  protobuf: { byte: 0, belongsTo: "the body", afterMs },
};

/** What a watch sends for who waits for a byte of it. */
export function earlyByteOf(format: Format): EarlyByte {
  return earlyBytes[format];
}
