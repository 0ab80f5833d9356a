/** Whether one more caller may take the result of work that has begun already. */
export type Joining = "while under way" | "until it begins";

type Work<Value> = (signal: AbortSignal) => Promise<Value>;

interface Waiter<Value> {
  readonly resolve: (value: Value) => void;
  readonly reject: (error: unknown) => void;
  /** Of who waits no more. */
  readonly stopListening: () => void;
}

interface Flight<Value> {
  readonly waiters: Set<Waiter<Value>>;
  readonly abort: AbortController;
  hasBegun: boolean;
  /** Settles when it is over, and never rejects. */
  over: Promise<void>;
}

const atOnce = Promise.resolve();

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
  join(key: string, joining: Joining, signal: AbortSignal, work: Work<Value>): Promise<Value> {
    if (signal.aborted) return Promise.reject(signal.reason);
    const current = this.#current.get(key);
    const mayJoin = joining === "while under way" || current?.hasBegun === false;
    const flight =
      current !== undefined && mayJoin
        ? current
        : (this.#next.get(key) ?? this.#start(key, current, work));
    return this.#wait(key, flight, signal);
  }

  #start(key: string, current: Flight<Value> | undefined, work: Work<Value>): Flight<Value> {
    const abort = new AbortController();
    const flight = { waiters: new Set<Waiter<Value>>(), abort, hasBegun: false, over: atOnce };
    (current === undefined ? this.#current : this.#next).set(key, flight);
    flight.over = this.#run(key, flight, work, current?.over);
    return flight;
  }

  /** Begins when what is before it is over, a turn later at the soonest: who asks in the same turn shares it. */
  async #run(
    key: string,
    flight: Flight<Value>,
    work: Work<Value>,
    before: Promise<void> | undefined,
  ): Promise<void> {
    await before;
    if (flight.abort.signal.aborted) return;
    this.#next.delete(key);
    this.#current.set(key, flight);
    flight.hasBegun = true;
    try {
      const value = await work(flight.abort.signal);
      this.#forget(key, flight);
      for (const { stopListening, resolve } of flight.waiters) {
        stopListening();
        resolve(value);
      }
    } catch (error) {
      this.#forget(key, flight);
      for (const { stopListening, reject } of flight.waiters) {
        stopListening();
        reject(error);
      }
    }
  }

  /** Nobody joins it from here on. */
  #forget(key: string, flight: Flight<Value>): void {
    if (this.#current.get(key) === flight) this.#current.delete(key);
    if (this.#next.get(key) === flight) this.#next.delete(key);
  }

  #wait(key: string, flight: Flight<Value>, signal: AbortSignal): Promise<Value> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        waiter.stopListening();
        flight.waiters.delete(waiter);
        if (flight.waiters.size === 0) {
          this.#forget(key, flight);
          flight.abort.abort(signal.reason);
        }
        reject(signal.reason);
      };
      const stopListening = () => signal.removeEventListener("abort", leave);
      const waiter: Waiter<Value> = { resolve, reject, stopListening };
      signal.addEventListener("abort", leave);
      flight.waiters.add(waiter);
    });
  }
}
