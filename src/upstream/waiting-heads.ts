import { HeadTimeoutError } from "./apiserver-errors.ts";
import type { HealthTiming } from "./health-timing.ts";

/** A request that has been sent and has no head yet. */
export interface WaitingHead {
  /** Milliseconds until the head must be there (CONTRACT 19); undefined: no limit. */
  readonly headMs: number | undefined;
  /** It waits in vain: nothing is reachable, or it is late, which is a HeadTimeoutError. */
  readonly giveUp: (error: Error) => void;
  /** It waits for long, for the first time; the signal says when it waits no more. */
  readonly onSlow: (over: AbortSignal) => void;
}

interface Waiter extends WaitingHead {
  readonly sentMs: number;
  /** When it is late. */
  readonly lateMs: number;
  lookMs: number;
  /** Of one that is slow. */
  over: AbortController | undefined;
}

export interface WaitingOptions {
  readonly timing: Pick<HealthTiming, "patienceMs" | "intervalMs">;
  readonly now: () => number;
  /** When something was last heard of the server. */
  readonly heardMs: () => number;
  /** Called when a request has waited for too long; since when nothing was heard. */
  readonly doubt: (sinceMs: number) => void;
}

/** All that waits for a head, under one timer: a request that is answered soon costs none. */
export class WaitingHeads {
  readonly #options: WaitingOptions;
  readonly #waiters = new Set<Waiter>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When the timer fires. */
  #armedMs = Infinity;

  constructor(options: WaitingOptions) {
    this.#options = options;
  }

  /** The result ends the waiting. */
  add({ headMs, giveUp, onSlow }: WaitingHead): () => void {
    const sentMs = this.#options.now();
    const lateMs = sentMs + (headMs ?? Infinity);
    const lookMs = sentMs + this.#options.timing.patienceMs;
    const waiter: Waiter = { headMs, giveUp, onSlow, sentMs, lateMs, lookMs, over: undefined };
    this.#waiters.add(waiter);
    this.#arm(Math.min(lookMs, lateMs));
    return () => {
      this.#waiters.delete(waiter);
      waiter.over?.abort();
    };
  }

  giveUpAll(error: Error): void {
    for (const { giveUp } of this.#waiters) giveUp(error);
  }

  #look(): void {
    this.#armedMs = Infinity;
    const nowMs = this.#options.now();
    let nextMs = Infinity;
    for (const waiter of this.#waiters) {
      const { headMs, lateMs } = waiter;
      if (headMs !== undefined && lateMs <= nowMs) {
        this.#waiters.delete(waiter);
        waiter.giveUp(new HeadTimeoutError(headMs));
        continue;
      }
      if (waiter.lookMs <= nowMs) this.#lookAt(waiter, nowMs);
      nextMs = Math.min(nextMs, waiter.lookMs, lateMs);
    }
    this.#arm(nextMs);
  }

  #lookAt(waiter: Waiter, nowMs: number): void {
    const { timing, heardMs, doubt } = this.#options;
    if (waiter.over === undefined) {
      waiter.over = new AbortController();
      waiter.onSlow(waiter.over.signal);
    }
    const { sentMs } = waiter;
    const sinceMs = Math.max(sentMs, heardMs());
    // A slow answer is asked after ever more rarely, up to the pace of an idle link.
    const rareMs = Math.min(timing.intervalMs, sinceMs - sentMs);
    const allowedMs = Math.max(timing.patienceMs, rareMs);
    const isQuiet = nowMs - sinceMs >= allowedMs;
    waiter.lookMs = isQuiet ? nowMs + allowedMs : sinceMs + allowedMs;
    if (isQuiet) doubt(sinceMs);
  }

  /** The timer is there for whoever is to be looked at first: most often one that waits already. */
  #arm(atMs: number): void {
    if (atMs >= this.#armedMs) return;
    clearTimeout(this.#timer);
    this.#armedMs = atMs;
    this.#timer = setTimeout(() => this.#look(), Math.max(0, atMs - this.#options.now()));
    this.#timer.unref();
  }
}
