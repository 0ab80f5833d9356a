import type { HealthTiming } from "./health-timing.ts";

/** A request that has been sent and has no head yet. */
export interface WaitingHead {
  /** Nothing is reachable: it waits in vain. */
  readonly giveUp: (error: Error) => void;
  /** It waits for long, for the first time; the signal says when it waits no more. */
  readonly onSlow: (over: AbortSignal) => void;
}

interface Waiter extends WaitingHead {
  readonly sentMs: number;
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

  constructor(options: WaitingOptions) {
    this.#options = options;
  }

  /** The result ends the waiting. */
  add({ giveUp, onSlow }: WaitingHead): () => void {
    const sentMs = this.#options.now();
    const lookMs = sentMs + this.#options.timing.patienceMs;
    const waiter: Waiter = { giveUp, onSlow, sentMs, lookMs, over: undefined };
    this.#waiters.add(waiter);
    // Who was there before is looked at before.
    if (this.#timer === undefined) this.#arm(lookMs);
    return () => {
      this.#waiters.delete(waiter);
      waiter.over?.abort();
    };
  }

  giveUpAll(error: Error): void {
    for (const { giveUp } of this.#waiters) giveUp(error);
  }

  #look(): void {
    this.#timer = undefined;
    const nowMs = this.#options.now();
    let nextMs = Infinity;
    for (const waiter of this.#waiters) {
      if (waiter.lookMs <= nowMs) this.#lookAt(waiter, nowMs);
      nextMs = Math.min(nextMs, waiter.lookMs);
    }
    if (nextMs < Infinity) this.#arm(nextMs);
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

  #arm(atMs: number): void {
    this.#timer = setTimeout(() => this.#look(), Math.max(0, atMs - this.#options.now()));
    this.#timer.unref();
  }
}
