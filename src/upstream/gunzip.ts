import { badGateway } from "../api/status.ts";

/** What a gzip body may unpack to in one go; what says that it is more is unpacked as a stream. */
export const maxUnpackedBytes = 32 << 20;
/** Deflate makes no more of a byte than this (zlib, technical details). */
const maxRatio = 1032;
/** What libdeflate, which takes no bound, may be made to fill. */
const unboundedBytes = 64 << 20;
/** Head and tail of a gzip body without contents (RFC 1952 2.3). */
const minGzipBytes = 18;

/**
 * A gzip body unpacked in one go, into a buffer of its own, whatever length it claims. Throws a 502 StatusError for what is
 * no gzip, or has more than `maxUnpackedBytes` when it is unpacked.
 */
export function gunzip(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  try {
    if (bytes.length < minGzipBytes) throw new RangeError("too short");
    // A quarter faster than zlib (m: 510 KB of JSON in 0.13 ms).
    if (bytes.length * maxRatio <= unboundedBytes)
      return Bun.gunzipSync(bytes, { library: "libdeflate" });
    const zlib = process.getBuiltinModule("node:zlib");
    return zlib.gunzipSync(bytes, { maxOutputLength: maxUnpackedBytes });
  } catch (error) {
    throw badGateway("upstream's answer says that it is gzip, and cannot be unpacked", error);
  }
}

/** A body as it is without the gzip that its Content-Encoding may name. Throws where it is none. */
export function plainBytes(
  bytes: Uint8Array<ArrayBuffer>,
  encoding: string | null | undefined,
): Uint8Array<ArrayBuffer> {
  return encoding === "gzip" ? gunzip(bytes) : bytes;
}

/** The body without gzip, as a stream. It breaks where it is none. */
export function unpackedStream(packed: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  // The types of the DOM and of Bun differ in the buffer behind a Uint8Array.
  const unpacking = new DecompressionStream("gzip") as unknown as ReadableWritablePair<
    Uint8Array,
    Uint8Array
  >;
  return packed.pipeThrough(unpacking);
}

/**
 * Whether a gzip body has to be unpacked as a stream: it says that it is longer than `maxUnpackedBytes`, in its last four bytes
 * (RFC 1952 2.3.1), and can be. What says more than it can be is no gzip, or not all of one.
 */
export function isLongGzip(bytes: Uint8Array): boolean {
  if (bytes.length < minGzipBytes) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const claimed = view.getUint32(bytes.length - 4, true);
  return claimed > maxUnpackedBytes && claimed <= bytes.length * maxRatio;
}
