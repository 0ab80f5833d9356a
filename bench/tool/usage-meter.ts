import type { UsageSource } from "./usage-source.ts";

export interface MemoryPoint {
  /** Seconds since the case began. */
  readonly at: number;
  readonly rss: number;
}

/** What a case has cost its target's process, and this one. */
export interface UsageTotal {
  /** How long the target was asked, in seconds. */
  readonly seconds: number;
  /** Of the target; undefined where it is not known. */
  readonly cpuSeconds: number | undefined;
  readonly highestRss: number | undefined;
  readonly lastRss: number | undefined;
  readonly clientCpuSeconds: number;
}

const sampleMs = 500;

/** Reads the use of one target while a case runs. */
export class UsageMeter {
  readonly #source: UsageSource;
  readonly #points: MemoryPoint[] = [];
  #began = 0;
  #timer: Timer | undefined;
  #seconds = 0;
  #cpuSeconds: number | undefined = 0;
  #clientCpuSeconds = 0;

  constructor(source: UsageSource) {
    this.#source = source;
  }

  /** Samples memory from here on; `began` is when the case did (`performance.now()`). */
  begin(began: number): void {
    this.#began = began;
    this.#timer = setInterval(() => void this.#sample(), sampleMs);
  }

  async end(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sample();
  }

  /** Counts what is used during the work: for work that only this target has. */
  async during(work: () => Promise<void>): Promise<void> {
    const [before, client, began] = [
      await this.#source.read(),
      process.cpuUsage(),
      performance.now(),
    ];
    try {
      await work();
    } finally {
      this.#seconds += (performance.now() - began) / 1000;
      const { user, system } = process.cpuUsage(client);
      this.#clientCpuSeconds += (user + system) / 1e6;
      const after = await this.#source.read();
      const isKnown = before.cpuSeconds !== undefined && after.cpuSeconds !== undefined;
      this.#cpuSeconds = isKnown
        ? (this.#cpuSeconds ?? 0) + after.cpuSeconds - before.cpuSeconds
        : undefined;
    }
  }

  get points(): readonly MemoryPoint[] {
    return this.#points;
  }

  get total(): UsageTotal {
    const sizes = this.#points.map(({ rss }) => rss);
    return {
      seconds: this.#seconds,
      cpuSeconds: this.#cpuSeconds,
      highestRss: sizes.length === 0 ? undefined : Math.max(...sizes),
      lastRss: sizes.at(-1),
      clientCpuSeconds: this.#clientCpuSeconds,
    };
  }

  async #sample(): Promise<void> {
    const { rss } = await this.#source.read();
    const at = (performance.now() - this.#began) / 1000;
    if (rss !== undefined) this.#points.push({ at, rss });
  }
}
