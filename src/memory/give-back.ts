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

function giveBack(): void {
  Bun.shrink();
  Bun.gc(true);
  giveBackCode();
}
