import type { WatchStream } from "./watch-stream.ts";

/** The watches that are open, and what they need from time to time. */
export class Watches {
  #streams = new Set<WatchStream>();
  #slow = 0;

  get count(): number {
    return this.#streams.size;
  }

  /** How many were ended because their client did not keep up. */
  get slowCount(): number {
    return this.#slow;
  }

  add(stream: WatchStream): void {
    this.#streams.add(stream);
  }

  ended(stream: WatchStream, why: "done" | "slow"): void {
    this.#streams.delete(stream);
    if (why === "slow") this.#slow++;
  }

  /** Called about once a second. */
  tick(now: number): void {
    for (const stream of this.#streams) stream.tick(now);
  }

  /** Ends all politely. */
  endAll(): void {
    for (const stream of this.#streams) stream.end(undefined);
  }
}
