/** Which requests a fault is for; what is absent matches all. */
export interface RequestMatch {
  readonly method?: string;
  /** The path's beginning. */
  readonly path?: string;
  /** The verb as RequestInfo has it: list, watch, get, create … */
  readonly verb?: string;
}

/** What goes wrong with a request. */
export type Fault = RequestMatch & {
  /** How many requests it befalls; all of them unless told otherwise. */
  readonly times?: number;
} & (
    | { readonly kind: "answer"; readonly code: number; readonly retryAfterSeconds?: number }
    | { readonly kind: "delay"; readonly ms: number }
    /** The connection is reset before a byte of the answer. */
    | { readonly kind: "reset" }
    /** The write is done, and then the connection is reset: the caller does not know. */
    | { readonly kind: "reset-after" }
    /** Half of the body, and then the connection is reset. */
    | { readonly kind: "truncate" }
    /** Nothing is ever answered. */
    | { readonly kind: "hang" }
  );

/** A request as it arrived. */
export interface Arrival {
  readonly method: string;
  /** The path without the query. */
  readonly path: string;
  readonly query: string;
  readonly verb: string;
  /** Names and values as they came, repeats kept: `[["Accept", "application/json"], …]`. */
  readonly headers: readonly (readonly [string, string])[];
}

/** The faults in force and the requests seen: what a test sets, and what it counts. */
export class FakeFaults {
  #active: { readonly fault: Fault; left: number }[] = [];
  #arrivals: Arrival[] = [];

  /** Adds a fault; among several that match a request, the first added befalls it. */
  add(fault: Fault): void {
    this.#active.push({ fault, left: fault.times ?? Number.POSITIVE_INFINITY });
  }

  /** Ends all faults. Requests that hang go on hanging. */
  clear(): void {
    this.#active = [];
  }

  /** Notes the arrival; the result is the fault that befalls it. */
  arrive(arrival: Arrival): Fault | undefined {
    this.#arrivals.push(arrival);
    const found = this.#active.find(({ fault, left }) => left > 0 && matches(fault, arrival));
    if (found === undefined) return undefined;
    found.left -= 1;
    return found.fault;
  }

  /** What has arrived since the start or the last `forget`, in order. */
  arrivals(match: RequestMatch = {}): readonly Arrival[] {
    return this.#arrivals.filter((arrival) => matches(match, arrival));
  }

  forget(): void {
    this.#arrivals = [];
  }
}

function matches(match: RequestMatch, arrival: Arrival): boolean {
  return (
    (match.method === undefined || match.method === arrival.method) &&
    (match.verb === undefined || match.verb === arrival.verb) &&
    (match.path === undefined || arrival.path.startsWith(match.path))
  );
}
