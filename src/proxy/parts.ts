import type { Flights } from "../cache/flight.ts";
import type { ListerWatcher } from "../cache/lister-watcher.ts";
import type { Replay } from "../cache/replay.ts";
import type { SessionFloors } from "../cache/session-floors.ts";
import type { Scope } from "../cache/watch-cache.ts";
import type { WatchCaches } from "../cache/watch-caches.ts";
import type { RuleSet } from "../rules/rule-set.ts";
import type { Apiserver } from "../upstream/apiserver.ts";
import type { UpstreamFloorResolver } from "../upstream/floor-resolver.ts";
import type { HeldAnswer } from "../upstream/held-answer.ts";
import type { ReadConsistency } from "./decide.ts";
import type { Slots } from "./slots.ts";

/** What the proxy is made of; server.ts puts it together. */
export interface ProxyParts {
  readonly apiserver: Apiserver;
  readonly caches: WatchCaches;
  readonly lister: ListerWatcher;
  readonly floors: SessionFloors;
  readonly resolver: UpstreamFloorResolver;
  readonly flights: Flights<HeldAnswer>;
  /** Bounds what is with upstream at a time. */
  readonly slots: Slots;
  /** What is kept for the time without upstream; undefined: nothing. */
  readonly disk: KeptOnDisk | undefined;
  readonly acceptHosts: readonly RegExp[];
  readonly readConsistency: ReadConsistency;
  /** What of objects is not shown to whom; another set after the config was read again. */
  readonly rules: RuleSet;
  readonly isCacheable: (group: string, resource: string) => boolean;
  readonly healthIntervalMs: number;
  /** Ends forwarded watches that are open: the process is about to stop, rules show something else, or upstream is another. */
  readonly stopping: AbortSignal;
}

/** What is on disk, as far as it answers requests. */
export interface KeptOnDisk {
  readonly replay: Replay;
  /** Whether anything of the resource may be kept. */
  isKept(group: string, resource: string): boolean;
  /** The scopes on disk that hold all that is wanted, the latest written first. Never rejects. */
  covering(wanted: Scope): Promise<readonly Scope[]>;
  /** Why what lies on disk of this cannot be shown, in words; undefined where nothing of it does. */
  damageOf(wanted: Scope): string | undefined;
}

/** Counts what was answered from where; admin/metrics.ts shows it. */
export type Source = "cache" | "upstream" | "stale" | "replay" | "reject";

/** The listener that a request came by: one object for all of its requests. */
export interface Listener {
  /** Whether it lends the proxy's identity: loopback and unix sockets (CONTRACT 21). */
  readonly lendsIdentity: boolean;
}
