/** A gzip body unpacked in one go, into a buffer of its own. Throws where it is none. */
export function gunzip(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  // A quarter faster than zlib (m: 510 KB of JSON in 0.13 ms).
  return Bun.gunzipSync(bytes, { library: "libdeflate" });
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

/** A gzip body ends with its unpacked length, modulo 2^32 (RFC 1952 2.3.1). */
export function unpackedLength(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(
    bytes.length - 4,
    true,
  );
}
