/**
 * Bytes of answers that are being read into memory, within a bound: an answer that does not fit is passed on as it comes, at
 * the speed of its client.
 */
export class Holding {
  readonly #maxBytes: number;
  #byteLength = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get byteLength(): number {
    return this.#byteLength;
  }

  /** Takes room for so many bytes more; false where there is none. */
  take(bytes: number): boolean {
    if (this.#byteLength + bytes > this.#maxBytes) return false;
    this.#byteLength += bytes;
    return true;
  }

  /** The same for who holds some already: it may go on as far as it likes while nobody else holds any. */
  takeMore(bytes: number, held: number): boolean {
    if (this.#byteLength === held) {
      this.#byteLength += bytes;
      return true;
    }
    return this.take(bytes);
  }

  giveBack(bytes: number): void {
    this.#byteLength -= bytes;
  }
}
