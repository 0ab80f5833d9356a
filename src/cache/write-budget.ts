/** How many bytes may be written: so many at once, and as many again in each minute (a token bucket). */
export class WriteBudget {
  readonly #bytes: number;
  readonly #bytesPerMs: number;
  readonly #now: () => number;
  #left: number;
  #at: number;

  /** `now` is in milliseconds; it may jump. */
  constructor(bytes: number, now: () => number) {
    this.#bytes = bytes;
    this.#bytesPerMs = bytes / 60_000;
    this.#now = now;
    this.#left = bytes;
    this.#at = now();
  }

  /** Bytes; negative where more was spent than there was. */
  get left(): number {
    const now = this.#now();
    const passedMs = Math.max(0, now - this.#at);
    this.#at = now;
    this.#left = Math.min(this.#bytes, this.#left + passedMs * this.#bytesPerMs);
    return this.#left;
  }

  spend(bytes: number): void {
    this.#left = this.left - bytes;
  }

  /** Milliseconds until there are so many bytes. */
  msUntil(bytes: number): number {
    return Math.max(0, (bytes - this.left) / this.#bytesPerMs);
  }
}
