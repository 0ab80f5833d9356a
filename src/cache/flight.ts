/** Whether one more caller may take the result of work that has begun already. */
export type Joining = "while under way" | "until it begins";

interface Flight<Value> {
  readonly promise: Promise<Value>;
  readonly abort: AbortController;
  waiters: number;
  hasBegun: boolean;
}

/**
 * One piece of work for all who ask the same at the same time (singleflight). A flight belongs to nobody: a caller that
 * leaves does not cancel it, the last one does. Errors go to those who waited and are not kept.
 */
export class Flights<Value> {
  #current = new Map<string, Flight<Value>>();
  #next = new Map<string, Flight<Value>>();

  get size(): number {
    return this.#current.size + this.#next.size;
  }

  /**
   * The result of `work`, done by whoever came first. Who may not join what is under way (it might show a state older than
   * the moment of asking) forms the next flight, which begins when this one ends: at most two stand for any crowd.
   */
  join(
    key: string,
    joining: Joining,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<Value>,
  ): Promise<Value> {
    const current = this.#current.get(key);
    if (current === undefined) return this.#wait(this.#begin(key, work), signal);
    if (joining === "while under way" || !current.hasBegun) return this.#wait(current, signal);
    const next = this.#next.get(key) ?? this.#queue(key, current, work);
    return this.#wait(next, signal);
  }

  #begin(key: string, work: (signal: AbortSignal) => Promise<Value>): Flight<Value> {
    const abort = new AbortController();
    const promise = Promise.resolve().then(() => {
      flight.hasBegun = true;
      return work(abort.signal);
    });
    const flight: Flight<Value> = { promise, abort, waiters: 0, hasBegun: false };
    this.#current.set(key, flight);
    this.#forget(this.#current, key, flight);
    return flight;
  }

  #queue(
    key: string,
    current: Flight<Value>,
    work: (signal: AbortSignal) => Promise<Value>,
  ): Flight<Value> {
    const abort = new AbortController();
    const promise = current.promise.then(noValue, noValue).then(() => {
      this.#next.delete(key);
      if (!abort.signal.aborted) this.#current.set(key, flight);
      flight.hasBegun = true;
      return work(abort.signal);
    });
    const flight: Flight<Value> = { promise, abort, waiters: 0, hasBegun: false };
    this.#next.set(key, flight);
    this.#forget(this.#current, key, flight);
    return flight;
  }

  #forget(from: Map<string, Flight<Value>>, key: string, flight: Flight<Value>): void {
    const forget = () => {
      if (from.get(key) === flight) from.delete(key);
    };
    flight.promise.then(forget, forget);
  }

  #wait(flight: Flight<Value>, signal: AbortSignal): Promise<Value> {
    if (signal.aborted) return Promise.reject(signal.reason);
    flight.waiters++;
    return new Promise((resolve, reject) => {
      const leave = () => {
        signal.removeEventListener("abort", aborted);
        flight.waiters--;
      };
      const aborted = () => {
        leave();
        if (flight.waiters === 0) flight.abort.abort(signal.reason);
        reject(signal.reason);
      };
      signal.addEventListener("abort", aborted);
      flight.promise.then(resolve, reject).finally(leave);
    });
  }
}

function noValue(): undefined {
  return undefined;
}
