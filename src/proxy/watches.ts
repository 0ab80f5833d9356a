import { expired } from "../api/status.ts";
import type { RuleSet } from "../rules/rule-set.ts";
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

  /** Ends those that see something else by these rules: what is hidden from here on must not stay with them. */
  see(rules: RuleSet): void {
    const { status } = expired("the rules of edge-proxy have changed");
    for (const stream of this.#streams) if (stream.isSeenOtherwise(rules)) stream.end(status);
  }

  /** Ends all politely. */
  endAll(): void {
    for (const stream of this.#streams) stream.end(undefined);
  }
}
