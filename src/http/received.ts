const empty = Buffer.alloc(0);

/** Bytes of a connection that nobody has taken yet, in one piece. What comes in many small pieces is copied a few times, not each time. */
export class Received {
  #buffer: Buffer = empty;
  #start = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  append(bytes: Uint8Array): void {
    const { length } = this;
    if (length === 0) {
      this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
      this.#start = 0;
      this.#end = bytes.length;
      return;
    }
    if (this.#end + bytes.length > this.#buffer.length || !this.#isOwn) {
      const larger = Buffer.allocUnsafeSlow(Math.max(2 * length, length + bytes.length, 1024));
      larger.set(this.#buffer.subarray(this.#start, this.#end));
      this.#buffer = larger;
      this.#isOwn = true;
      this.#start = 0;
      this.#end = length;
    }
    this.#buffer.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** Whether the buffer was made here, so that there may be room behind its bytes. */
  #isOwn = false;

  /** Where these bytes begin, from the first one that was not taken; -1 where they do not. */
  indexOf(sought: Uint8Array, from: number): number {
    const at = this.#buffer.subarray(this.#start, this.#end).indexOf(sought, from);
    return at;
  }

  /** The byte there; undefined behind the end. */
  at(offset: number): number | undefined {
    return offset < this.length ? this.#buffer[this.#start + offset] : undefined;
  }

  /** Takes the first bytes as text, a character for each byte. */
  takeText(length: number): string {
    const text = this.#buffer.toString("latin1", this.#start, this.#start + length);
    this.skip(length);
    return text;
  }

  skip(length: number): void {
    this.#start += length;
    if (this.#start === this.#end) this.#clear();
  }

  /** Takes all. */
  takeAll(): Uint8Array {
    const all = this.#buffer.subarray(this.#start, this.#end);
    this.#clear();
    return all;
  }

  #clear(): void {
    this.#buffer = empty;
    this.#isOwn = false;
    this.#start = 0;
    this.#end = 0;
  }
}
