import { giveBackCode } from "./code-pages.ts";

/** What is less leaves little behind. */
const largeBytes = 4 << 20;
/** Until what was under way with it is over. */
const settleMs = 500;

/** Soon gives back to the system what work on so many bytes has left: its garbage, and the code that it was compiled to. */
export function giveBackAfter(byteLength: number): void {
  if (byteLength > largeBytes) setTimeout(giveBack, settleMs).unref();
}

/** Soon gives back the code that only the start has run. */
export function giveBackAfterStart(): void {
  setTimeout(giveBackCode, settleMs).unref();
}

/** A collection of all garbage takes some 10 ms: no more often than this, and less often while there is little to collect. */
const leastBetweenMs = 2000;
const mostBetweenMs = 60_000;

/**
 * Looks at the memory that the process takes, and gives back what is garbage when that is more than it should be: the collector
 * by itself waits until its heap has doubled, whatever the machine has.
 */
export class MemoryWatch {
  readonly #maxBytes: () => number;
  readonly #readBytes: () => number;
  readonly #giveBack: () => void;
  #betweenMs = leastBetweenMs;
  #quietUntilMs = 0;

  constructor(
    maxBytes: () => number,
    readBytes = () => process.memoryUsage.rss(),
    give = giveBack,
  ) {
    this.#maxBytes = maxBytes;
    this.#readBytes = readBytes;
    this.#giveBack = give;
  }

  /** Called about once a second. */
  tick(nowMs: number): void {
    if (nowMs < this.#quietUntilMs) return;
    const maxBytes = this.#maxBytes();
    if (this.#readBytes() <= maxBytes) return;
    this.#giveBack();
    const isInVain = this.#readBytes() > maxBytes;
    this.#betweenMs = isInVain ? Math.min(2 * this.#betweenMs, mostBetweenMs) : leastBetweenMs;
    this.#quietUntilMs = nowMs + this.#betweenMs;
  }
}

/** Code that nobody has needed for so many ticks is given back, and then not again for so many. */
const quietTicks = 2;
const restTicks = 60;

/** Gives back the program's code when requests have ended: what the next one needs comes back from the page cache in a moment. */
export class QuietWatch {
  readonly #giveBack: () => void;
  #requests = 0;
  #quiet = 0;
  #rest = 0;
  #isDue = false;

  constructor(give = giveBackCode) {
    this.#giveBack = give;
  }

  /** Called about once a second with the number of requests so far. */
  tick(requests: number): void {
    if (this.#rest > 0) this.#rest--;
    if (requests !== this.#requests) {
      this.#requests = requests;
      this.#quiet = 0;
      this.#isDue = true;
      return;
    }
    this.#quiet++;
    if (!this.#isDue || this.#quiet < quietTicks || this.#rest > 0) return;
    this.#isDue = false;
    this.#rest = restTicks;
    this.#giveBack();
  }
}

function giveBack(): void {
  Bun.shrink();
  Bun.gc(true);
  giveBackCode();
}
