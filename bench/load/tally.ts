import { Histogram } from "./histogram.ts";
import type { LoadResult } from "./job.ts";

/** What a load has seen so far. */
export class Tally {
  readonly #latencies = new Histogram();
  readonly #statuses: Record<string, number> = {};
  readonly #began = performance.now();
  #bytes = 0;

  /** A response that was asked for at that moment (`performance.now()`) is complete. */
  add(status: number, bodyBytes: number, sentAt: number): void {
    this.#latencies.record((performance.now() - sentAt) * 1000);
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1;
    this.#bytes += bodyBytes;
  }

  result(): Omit<LoadResult, "cpuSeconds"> {
    return {
      latencies: this.#latencies.toJSON(),
      count: this.#latencies.total,
      expected: this.#latencies.total,
      bytes: this.#bytes,
      statuses: this.#statuses,
      elapsedSeconds: (performance.now() - this.#began) / 1000,
    };
  }
}
