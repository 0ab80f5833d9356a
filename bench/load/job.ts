/** Where a request of the load goes to. */
export interface LoadTarget {
  readonly hostname: string;
  readonly port: number;
  /** The CA's text: the connection is TLS. */
  readonly ca?: string;
  /** `Name: value` lines beyond Host: who asks, and for what. */
  readonly headers: readonly string[];
}

/** Requests one after another on each of some keep-alive connections. */
export interface RequestJob {
  readonly kind: "requests";
  readonly target: LoadTarget;
  /** Path and query; `{n}` becomes a number that no other request of this load has. */
  readonly path: string;
  readonly connections: number;
  /** How long new requests are sent. */
  readonly seconds: number;
  /** At most so many requests on each connection; no limit unless told otherwise. */
  readonly each?: number;
}

/** Watches that are opened and then left alone until they are told to `stop`. */
export interface OpenWatchesJob {
  readonly kind: "open watches";
  readonly target: LoadTarget;
  readonly path: string;
  readonly watchers: number;
}

/** Writes at a steady rate, each of which the watches opened before are to deliver. */
export interface WriteJob {
  readonly kind: "write";
  readonly target: LoadTarget;
  /** The object that is changed by merge patches. */
  readonly path: string;
  readonly perSecond: number;
  readonly seconds: number;
  /** How many bytes the patch puts into the object. */
  readonly bytes: number;
}

/** Closes the watches. */
export interface CloseWatchesJob {
  readonly kind: "close watches";
}

export type LoadJob = RequestJob | OpenWatchesJob | WriteJob | CloseWatchesJob;

/** What a job has measured. */
export interface LoadResult {
  /** Microseconds, as `Histogram.toJSON` gives them: per response, or per delivered event. */
  readonly latencies: readonly (readonly [number, number])[];
  /** Responses, or delivered events. */
  readonly count: number;
  /** How many were expected: differs from the count when something was lost. */
  readonly expected: number;
  readonly bytes: number;
  /** Responses by status. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly elapsedSeconds: number;
  /** User and system time of the load generator itself. */
  readonly cpuSeconds: number;
}
