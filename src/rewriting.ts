import type { Disk } from "./cache/disk.ts";

/** What is removed within it is rid of by one copy. */
const soonMs = 1000;
/** The file is copied no more often than so: each copy writes as much as is stored, and a disk wears out. */
const leastMs = 3_600_000;

/**
 * Rids the disk of the bytes of what was removed because nobody may see it any more: soon, then at most once an hour. What it
 * does not come to is done by the next start.
 */
export class Rewriting {
  readonly #disk: Pick<Disk, "rewrite">;
  readonly #now: () => number;
  #last = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `now` is in milliseconds and never goes back. */
  constructor(disk: Pick<Disk, "rewrite">, now: () => number) {
    this.#disk = disk;
    this.#now = now;
  }

  /** The folder says that it is due (`Disk.makeRewriteDue`). */
  due(): void {
    const waitMs = Math.max(soonMs, this.#last + leastMs - this.#now());
    this.#timer ??= setTimeout(() => void this.#rewrite(), waitMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  async #rewrite(): Promise<void> {
    this.#timer = undefined;
    this.#last = this.#now();
    const outcome = await this.#disk.rewrite();
    if (outcome.is === "fault") this.due();
  }
}
