import type { Flights } from "../cache/flight.ts";
import type { ListerWatcher } from "../cache/lister-watcher.ts";
import type { SessionFloors } from "../cache/session-floors.ts";
import type { WatchCaches } from "../cache/watch-caches.ts";
import type { Apiserver } from "../upstream/apiserver.ts";
import type { UpstreamFloorResolver } from "../upstream/floor-resolver.ts";
import type { ReadConsistency } from "./decide.ts";
import type { HeldAnswer } from "./held-answer.ts";

/** What the proxy is made of; server.ts puts it together. */
export interface ProxyParts {
  readonly apiserver: Apiserver;
  readonly caches: WatchCaches;
  readonly lister: ListerWatcher;
  readonly floors: SessionFloors;
  readonly resolver: UpstreamFloorResolver;
  readonly flights: Flights<HeldAnswer>;
  readonly acceptHosts: readonly RegExp[];
  readonly readConsistency: ReadConsistency;
  readonly isCacheable: (group: string, resource: string) => boolean;
  readonly healthIntervalMs: number;
  readonly watchBufferBytes: number;
}

/** Counts what was answered from where; admin/metrics.ts shows it. */
export type Source = "cache" | "upstream" | "reject";

/** What a request needs of the listener that it came by. */
export interface Connection {
  readonly lendsIdentity: boolean;
  /** Takes the idle timer off: answers may stay quiet for as long as they like. */
  readonly keepOpen: () => void;
  /** The client did not read what it asked for: its connection ends soon. */
  readonly drop: () => void;
}
