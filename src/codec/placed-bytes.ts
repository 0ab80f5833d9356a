/** Places up to 128 MiB into a buffer, of up to 64 MiB, are one exact number. */
const maxStart = 2 ** 27;
const lengthUnit = 2 ** 26;

/**
 * Holds bytes that lie in a buffer with others' by their place: a view costs 64 bytes, and is made when somebody asks for it.
 * Bytes that own their buffer are held as they are.
 */
export abstract class PlacedBytes {
  readonly #memory: Uint8Array | ArrayBufferLike;
  readonly #place: number;

  constructor(bytes: Uint8Array) {
    const { byteOffset, length } = bytes;
    const isPlaced = byteOffset > 0 && byteOffset < maxStart && length < lengthUnit;
    this.#memory = isPlaced ? bytes.buffer : bytes;
    this.#place = isPlaced ? byteOffset * lengthUnit + length : 0;
  }

  get bytes(): Uint8Array {
    const memory = this.#memory;
    if (memory instanceof Uint8Array) return memory;
    const start = Math.floor(this.#place / lengthUnit);
    return new Uint8Array(memory, start, this.#place - start * lengthUnit);
  }
}
