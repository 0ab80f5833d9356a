import { Histogram } from "../load/histogram.ts";

/** What requests took around one moment. */
export interface LatencyPoint {
  /** Seconds since the case began. */
  readonly at: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly count: number;
}

/** Latencies over time, in steps of a second. */
export class LatencySeries {
  readonly #steps = new Map<number, Histogram>();

  /** A request was answered so many seconds after the case began. */
  record(atSeconds: number, ms: number): void {
    const step = Math.floor(atSeconds);
    const histogram = this.#steps.get(step) ?? new Histogram();
    this.#steps.set(step, histogram);
    histogram.record(ms * 1000);
  }

  get points(): readonly LatencyPoint[] {
    return [...this.#steps].map(([step, histogram]) => ({
      at: step,
      medianMs: histogram.quantile(0.5) / 1000,
      p99Ms: histogram.quantile(0.99) / 1000,
      count: histogram.total,
    }));
  }
}
