interface Waiter {
  readonly isMet: () => boolean;
  readonly done: (isMet: boolean) => void;
}

/** Those who wait for a condition on what a cache holds. */
export class Waiters {
  readonly #all = new Set<Waiter>();

  /** Resolves to true as soon as the condition is met, to false after the time or when it is given up. Never rejects. */
  wait(isMet: () => boolean, timeoutMs: number): Promise<boolean> {
    if (isMet()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const waiter: Waiter = {
        isMet,
        done: (met) => {
          clearTimeout(timer);
          this.#all.delete(waiter);
          resolve(met);
        },
      };
      const timer = setTimeout(() => waiter.done(false), timeoutMs);
      this.#all.add(waiter);
    });
  }

  /** What the cache holds is another: each condition is asked. */
  ask(): void {
    if (this.#all.size === 0) return;
    for (const waiter of this.#all) if (waiter.isMet()) waiter.done(true);
  }

  /** Whoever waits is told that it is not met. */
  giveUp(): void {
    for (const waiter of this.#all) waiter.done(false);
  }
}
