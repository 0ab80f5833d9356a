import { Histogram } from "../load/histogram.ts";

/** What requests of one kind took. */
export interface Operation {
  readonly name: string;
  readonly count: number;
  readonly medianMs: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly slowestMs: number;
  /** Of all bodies. */
  readonly bytes: number;
}

interface Sum {
  readonly latencies: Histogram;
  slowestMs: number;
  bytes: number;
}

/** The latencies of one case on one target, by operation. */
export class Timings {
  readonly #sums = new Map<string, Sum>();

  record(operation: string, ms: number, bytes: number): void {
    const sum = this.#sums.get(operation) ?? { latencies: new Histogram(), slowestMs: 0, bytes: 0 };
    this.#sums.set(operation, sum);
    sum.latencies.record(ms * 1000);
    sum.slowestMs = Math.max(sum.slowestMs, ms);
    sum.bytes += bytes;
  }

  get all(): readonly Operation[] {
    return [...this.#sums].map(([name, { latencies, slowestMs, bytes }]) => {
      // Buckets are exact to 1.6 %: none may tell of more than there was.
      const quantile = (share: number) => Math.min(slowestMs, latencies.quantile(share) / 1000);
      return {
        name,
        count: latencies.total,
        medianMs: quantile(0.5),
        p90Ms: quantile(0.9),
        p99Ms: quantile(0.99),
        slowestMs,
        bytes,
      };
    });
  }
}
