import type { ReplayAnswer } from "./replay-rows.ts";

/** What is written together. */
const sliceBytes = 512 << 10;
/** What each costs beside its texts. */
const entryBytes = 128;

/** For each request the answer to be written; undefined for what goes from the disk. */
export type Answers = ReadonlyMap<string, ReplayAnswer | undefined>;

/**
 * What was put in and is not written yet, at most `maxBytes` of it. What is put in beyond that drives out what came first, and
 * from the disk what that would have replaced: an older answer must not come back.
 */
export class PendingAnswers {
  readonly #maxBytes: number;
  readonly #isOnDisk: (key: string) => boolean;
  /** The first put in first. */
  readonly #answers = new Map<string, ReplayAnswer | undefined>();
  #byteLength = 0;
  /** Those that are on their way to the disk. */
  #taken: ReadonlySet<string> = new Set();

  constructor(maxBytes: number, isOnDisk: (key: string) => boolean) {
    this.#maxBytes = maxBytes;
    this.#isOnDisk = isOnDisk;
  }

  get size(): number {
    return this.#answers.size;
  }

  get keys(): readonly string[] {
    return [...this.#answers.keys()];
  }

  has(key: string): boolean {
    return this.#answers.has(key);
  }

  get(key: string): ReplayAnswer | undefined {
    return this.#answers.get(key);
  }

  /** One that is larger than all may be is not kept, and what it would have replaced goes. */
  put(key: string, answer: ReplayAnswer): void {
    this.delete(key);
    if (costOf(key, answer) > this.#maxBytes) return this.remove(key);
    this.#set(key, answer);
    for (const [first, other] of this.#answers) {
      if (this.#byteLength <= this.#maxBytes) return;
      if (other !== undefined) this.remove(first);
    }
  }

  /** The request has no answer from here on, on disk neither. */
  remove(key: string): void {
    this.delete(key);
    if (this.#taken.has(key) || this.#isOnDisk(key)) this.#set(key, undefined);
  }

  /** As if nothing had been put in. */
  delete(key: string): void {
    if (!this.#answers.has(key)) return;
    this.#byteLength -= costOf(key, this.#answers.get(key));
    this.#answers.delete(key);
  }

  clear(): void {
    this.#answers.clear();
    this.#byteLength = 0;
  }

  /** Takes out the first of them, as many as are written together; none where there are none. */
  takeSlice(): Answers {
    const slice = new Map<string, ReplayAnswer | undefined>();
    let bytes = 0;
    for (const [key, answer] of this.#answers) {
      bytes += answer?.body.length ?? 0;
      if (slice.size > 0 && bytes > sliceBytes) break;
      this.delete(key);
      slice.set(key, answer);
    }
    this.#taken = new Set(slice.keys());
    return slice;
  }

  #set(key: string, answer: ReplayAnswer | undefined): void {
    this.#answers.set(key, answer);
    this.#byteLength += costOf(key, answer);
  }
}

function costOf(key: string, answer: ReplayAnswer | undefined): number {
  return key.length + (answer?.body.length ?? 0) + entryBytes;
}
