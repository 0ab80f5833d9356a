const empty = Buffer.alloc(0);

/** What is longer than this goes into a buffer that has room for the largest head, so that it is copied once. */
const longBytes = 16 << 10;
/** The largest head, and what may have come with its last bytes. */
const largeBytes = (256 << 10) + (64 << 10);
/** So many large buffers are kept for the next ones: a buffer for each long head would be garbage at once. */
const maxFree = 8;
const free: Buffer[] = [];

/** Bytes of a connection that nobody has taken yet, in one piece. What comes in many small pieces is copied a few times, not each time. */
export class Received {
  #buffer: Buffer = empty;
  /** Whether the buffer was made here, so that there may be room behind its bytes. */
  #isOwn = false;
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
    if (!this.#isOwn || this.#end + bytes.length > this.#buffer.length)
      this.#move(length + bytes.length);
    this.#buffer.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** Where these bytes begin, from the first one that was not taken; -1 where they do not. */
  indexOf(sought: Uint8Array, from: number): number {
    return this.#buffer.subarray(this.#start, this.#end).indexOf(sought, from);
  }

  /** The byte there; undefined behind the end. */
  at(offset: number): number | undefined {
    return offset < this.length ? this.#buffer[this.#start + offset] : undefined;
  }

  /** Takes the first bytes as they are; they hold until the next call. */
  takeBytes(length: number): Uint8Array {
    const bytes = this.#buffer.subarray(this.#start, this.#start + length);
    this.skip(length);
    return bytes;
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

  /** Takes all, for as long as the caller likes. */
  takeAll(): Uint8Array {
    const all = this.#buffer.subarray(this.#start, this.#end);
    this.#forget();
    return all;
  }

  /** Drops all. */
  drop(): void {
    this.#clear();
  }

  /** Into a buffer with room for so many bytes, and for more where there are many. */
  #move(needed: number): void {
    const capacity = Math.max(2 * this.length, needed, 1024);
    const larger =
      capacity <= longBytes || capacity > largeBytes
        ? Buffer.allocUnsafeSlow(capacity)
        : (free.pop() ?? Buffer.allocUnsafeSlow(largeBytes));
    const { length } = this;
    larger.set(this.#buffer.subarray(this.#start, this.#end));
    this.#clear();
    this.#buffer = larger;
    this.#isOwn = true;
    this.#end = length;
  }

  #clear(): void {
    const isReusable = this.#isOwn && this.#buffer.length === largeBytes && free.length < maxFree;
    if (isReusable) free.push(this.#buffer);
    this.#forget();
  }

  #forget(): void {
    this.#buffer = empty;
    this.#isOwn = false;
    this.#start = 0;
    this.#end = 0;
  }
}
