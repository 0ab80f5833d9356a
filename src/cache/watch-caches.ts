import { formatGroupResource, formatGroupVersionResource } from "../api/group-version-resource.ts";
import type { ResourceVersion } from "../api/resource-version.ts";
import { sharesStore } from "../api/same-objects.ts";
import { formatSelection, selectionCovers } from "../api/selection.ts";
import type { ListForm } from "../codec/codec.ts";
import { giveBackAfter } from "../memory/give-back.ts";
import { Bodies } from "./bodies.ts";
import { Derived } from "./derived.ts";
import type { ListerWatcher } from "./lister-watcher.ts";
import { NewestMap } from "./newest-map.ts";
import { RefusedError } from "./reflector-errors.ts";
import { Reflector } from "./reflector.ts";
import { type ScopeTally, Tally } from "./tally.ts";
import { type KeptState, type Scope, WatchCache } from "./watch-cache.ts";

export interface WatchCachesOptions {
  readonly scopeWindowMs: number;
  readonly scopeIdleMs: number;
  readonly memoryLimitBytes: number;
  readonly healthIntervalMs: number;
  readonly now: () => number;
  /** Called for every scope when it starts, before it holds anything. */
  readonly started?: (cache: WatchCache) => void;
  /** The state of the scope that was kept on disk; undefined where there is none. Never rejects. */
  readonly kept?: (scope: Scope) => Promise<KeptState | undefined>;
  /** The resourceVersion of a consistent LIST of the scope's resource: a state from disk is confirmed by it as soon as upstream answers. */
  readonly latest?: (scope: Scope) => Promise<ResourceVersion>;
  /** Told when a scope is given up because upstream refused its list or watch, after it has been. */
  readonly refused?: (scope: Scope, status: number) => void;
  readonly report: (
    scope: Scope,
    outcome: "failing" | "recovered" | "does not fit",
    error: unknown,
  ) => void;
}

/** A scope that is live, or on its way to be. */
export interface LiveScope {
  readonly name: string;
  readonly cache: WatchCache;
  readonly reflector: Reflector;
  /** What is made of its items for some requests. */
  readonly derived: Derived;
  /** For the order in which scopes are given up, and for the status page. */
  lastUsedMs: number;
  hits: number;
  /** Kept although nobody uses it: it was asked for by --preload. */
  isKept: boolean;
  /** One watch has started it, which nobody may ask for again. */
  readonly isForOneWatch: boolean;
}

/** After a refusal or when it does not fit, a scope is not tried again for so long. */
const refusedMs = 30_000;
/** Upstream's answers that trying again does not change. */
const final: ReadonlySet<number> = new Set([401, 403, 404, 405, 406]);
/** Of how many types the form of a list is remembered: a cluster has some hundreds. */
const maxListForms = 4096;
/** What a scope without an object takes: its watch upstream above all (m: 110 KB of RSS each, of 500). */
const emptyScopeBytes = 96 << 10;
/** Scopes that may be there however small the limit is. */
const minScopes = 64;
/** A scope that was started for one watch goes this long after it has ended, if nobody asks for it. */
const leftMs = 1000;
/** A scope of a longer name, which long selectors make, is not started: its requests go upstream. */
const maxNameLength = 4096;
/** How many refusals are remembered. */
const maxRefused = 1024;
/** How many LISTs are remembered while they wait for a second one. */
const maxSeen = 1024;

/** All scopes: starts them when they pay, stops them when nobody uses them, and holds their memory under one limit. */
export class WatchCaches {
  readonly bodies: Bodies;
  readonly #options: WatchCachesOptions;
  readonly #maxScopes: number;
  readonly #upstream: ListerWatcher;
  #scopes = new Map<string, LiveScope>();
  #byType = new Map<string, LiveScope[]>();
  /** What was found, while the scopes stay the same. */
  #found = new WeakMap<Scope, LiveScope>();
  #seen = new NewestMap<string, number>(maxSeen);
  #refused = new NewestMap<string, number>(maxRefused);
  readonly #tally = new Tally();
  #filling = new Map<string, number>();
  /** Types that upstream refused as protobuf: custom resources. */
  #jsonOnly = new Set<string>();
  #listForms = new Map<string, ListForm>();

  constructor(upstream: ListerWatcher, options: WatchCachesOptions) {
    this.#upstream = upstream;
    this.#options = options;
    const mayBeEmpty = options.memoryLimitBytes / 2;
    this.#maxScopes = Math.max(minScopes, Math.floor(mayBeEmpty / emptyScopeBytes));
    this.bodies = new Bodies(Math.max(1 << 20, options.memoryLimitBytes / 4));
  }

  /** What has happened to all scopes, those that are gone included. */
  get tally(): ScopeTally {
    return this.#tally.counts;
  }

  get all(): Iterable<LiveScope> {
    return this.#scopes.values();
  }

  get byteLength(): number {
    let bytes = this.bodies.byteLength;
    for (const { cache, derived } of this.#scopes.values())
      bytes += emptyScopeBytes + cache.byteLength + derived.byteLength;
    for (const filling of this.#filling.values()) bytes += filling;
    return bytes;
  }

  /** The best scope that covers what is asked for, filled ones first; undefined when there is none. */
  find(wanted: Scope): LiveScope | undefined {
    const before = this.#found.get(wanted);
    if (before !== undefined && before.cache.isFilled && isSamePlace(before.cache, wanted))
      return this.#used(before);
    let found: LiveScope | undefined;
    for (const live of this.#byType.get(typeName(wanted)) ?? []) {
      if (!selectionCovers(live.cache.scope, wanted) || !isSamePlace(live.cache, wanted)) continue;
      if (live.cache.isFilled) {
        this.#found.set(wanted, live);
        return this.#used(live);
      }
      found ??= live;
    }
    return found === undefined ? undefined : this.#used(found);
  }

  /** All filled scopes that cover what is asked for: of what is past, one may know more than the other. */
  covering(wanted: Scope): readonly LiveScope[] {
    const all = this.#byType.get(typeName(wanted)) ?? [];
    return all.filter(
      ({ cache }) =>
        cache.isFilled && selectionCovers(cache.scope, wanted) && isSamePlace(cache, wanted),
    );
  }

  /** The scopes that may hold a group and resource's objects, over all versions and encodings: those that a write concerns. */
  ofStore(group: string, resource: string): readonly LiveScope[] {
    const found: LiveScope[] = [];
    for (const live of this.#scopes.values()) {
      if (sharesStore(live.cache.scope.gvr, { group, resource })) found.push(live);
    }
    return found;
  }

  /** Whether this LIST is the second of its kind within the window: then its scope pays. Remembers it otherwise. */
  isSecondList(wanted: Scope): boolean {
    const name = scopeName(wanted);
    if (name.length > maxNameLength) return false;
    const now = this.#options.now();
    const seen = this.#seen.get(name);
    this.#seen.set(name, now);
    return seen !== undefined && now - seen <= this.#options.scopeWindowMs;
  }

  /** How a list of the type is written, once one has been seen. */
  listFormOf(scope: Scope): ListForm | undefined {
    return this.#listForms.get(typeName(scope));
  }

  learnListForm(scope: Scope, form: ListForm): void {
    const type = typeName(scope);
    if (this.#listForms.size < maxListForms) this.#listForms.set(type, form);
    for (const { cache } of this.#byType.get(type) ?? []) cache.learnListForm(form);
  }

  /** Whether the type has no protobuf, as far as has been seen. */
  isJsonOnly(scope: Scope): boolean {
    return this.#jsonOnly.has(gvrOf(scope));
  }

  /** Whether the scope may be started: it was not refused a moment ago, and there are not too many. One that nobody watches makes room. */
  mayStart(wanted: Scope): boolean {
    const name = scopeName(wanted);
    if (name.length > maxNameLength) return false;
    const until = this.#refused.get(name);
    if (until !== undefined && this.#options.now() < until) return false;
    if (this.#scopes.size < this.#maxScopes) return true;
    let idle: LiveScope | undefined;
    for (const live of this.#scopes.values()) {
      // Somebody waits for one that is being filled.
      if (live.isKept || live.cache.watcherCount > 0 || !live.cache.isFilled) continue;
      if (idle === undefined || live.lastUsedMs < idle.lastUsedMs) idle = live;
    }
    if (idle !== undefined) this.#stop(idle);
    return idle !== undefined;
  }

  /** Starts the scope for a watch, from an older resourceVersion where its client goes on from there; or gives the one there is. */
  startForWatch(wanted: Scope, watchFrom?: ResourceVersion): LiveScope {
    return this.#start(wanted, "for one watch", watchFrom);
  }

  /** Starts the scope, or gives the one there is. */
  start(wanted: Scope): LiveScope {
    return this.#start(wanted, "for all", undefined);
  }

  #start(
    wanted: Scope,
    purpose: "for one watch" | "for all",
    watchFrom: ResourceVersion | undefined,
  ): LiveScope {
    const name = scopeName(wanted);
    const there = this.#scopes.get(name);
    if (there !== undefined) return this.#used(there);
    const cache = new WatchCache(wanted, {
      maxEvents: 10_000,
      maxBytes: this.#options.memoryLimitBytes / 8,
      maxAgeMs: 75_000,
    });
    const form = this.listFormOf(wanted);
    if (form !== undefined) cache.learnListForm(form);
    const { started, kept, latest } = this.#options;
    started?.(cache);
    const reflector = new Reflector(
      cache,
      this.#upstream,
      {
        silenceMs: this.#options.healthIntervalMs,
        now: this.#options.now,
        report: (outcome, error) => this.#report(live, outcome, error),
        admit: (bytes) => this.#admit(live, bytes),
        tally: this.#tally,
        kept: kept && (() => kept(wanted)),
        latest: latest && (() => latest(wanted)),
      },
      watchFrom,
    );
    const live: LiveScope = {
      name,
      cache,
      reflector,
      derived: new Derived(),
      lastUsedMs: this.#options.now(),
      hits: 0,
      isKept: false,
      isForOneWatch: purpose === "for one watch",
    };
    this.#scopes.set(name, live);
    const type = typeName(wanted);
    this.#byType.set(type, [...(this.#byType.get(type) ?? []), live]);
    void reflector.run();
    void reflector.firstAttempt.then((error) => {
      this.#filling.delete(name);
      giveBackAfter(cache.byteLength);
      if (error !== undefined && this.#scopes.get(name) === live) this.#refuse(live);
    });
    return live;
  }

  /** Stops what nobody has used for the idle time, and what does not fit. Called every second. */
  tick(): void {
    const now = this.#options.now();
    for (const live of this.#scopes.values()) {
      const isUsed =
        live.isKept ||
        live.cache.watcherCount > 0 ||
        now - live.lastUsedMs < this.#options.scopeIdleMs;
      const isLeft = isForNobody(live) && now - live.lastUsedMs >= leftMs;
      if (!isUsed || isLeft) this.#stop(live);
    }
    for (const [name, until] of this.#refused) if (now >= until) this.#refused.delete(name);
    this.#makeRoom();
  }

  /** A client has left its watch: a scope that was started for it, and that nobody has asked for again, goes at once. */
  left(cache: WatchCache): void {
    const live = this.#scopes.get(scopeName(cache.scope));
    if (live?.cache === cache && isForNobody(live)) this.#stop(live);
  }

  /**
   * Upstream is there again: what happened meanwhile is not known until a scope has caught up, and what could not be started
   * may be at once.
   */
  upstreamIsBack(): void {
    this.#refused.clear();
    for (const { reflector } of this.#scopes.values()) reflector.doubt();
  }

  /** Stops all scopes; their watchers end cleanly. What was refused may be started again at once. */
  stop(): void {
    for (const live of this.#scopes.values()) this.#stop(live);
    this.#refused.clear();
  }

  #used(live: LiveScope): LiveScope {
    const now = this.#options.now();
    live.lastUsedMs = now;
    live.reflector.want(now);
    return live;
  }

  /** A type that is gone, or that may not be watched any more, is no scope. */
  #report(
    live: LiveScope,
    outcome: "failing" | "failing again" | "recovered",
    error: unknown,
  ): void {
    const { scope } = live.cache;
    const isRefused = error instanceof RefusedError && final.has(error.status);
    if (outcome !== "failing again" && (!isRefused || live.cache.isFilled))
      this.#options.report(scope, outcome, error);
    if (!isRefused) return;
    if (error.status === 406 && scope.codec.format === "protobuf") this.#jsonOnly.add(gvrOf(scope));
    this.#refuse(live);
    this.#options.refused?.(scope, error.status);
  }

  /** A scope whose filling alone goes past the limit is given up; others make room first. */
  #admit(live: LiveScope, bytes: number): void {
    this.#filling.set(live.name, bytes);
    if (this.byteLength <= this.#options.memoryLimitBytes) return;
    this.#makeRoom();
    if (this.byteLength <= this.#options.memoryLimitBytes) return;
    this.#options.report(live.cache.scope, "does not fit", undefined);
    throw new RangeError("the scope does not fit into --memory-limit");
  }

  #makeRoom(): void {
    if (this.byteLength <= this.#options.memoryLimitBytes) return;
    const filled = [...this.#scopes.values()].filter(({ cache }) => cache.isFilled);
    const inOrder = filled.toSorted(
      (a, b) =>
        Math.sign(a.cache.watcherCount) - Math.sign(b.cache.watcherCount) ||
        a.lastUsedMs - b.lastUsedMs,
    );
    for (const live of inOrder) {
      if (this.byteLength <= this.#options.memoryLimitBytes) return;
      this.#options.report(live.cache.scope, "does not fit", undefined);
      this.#refuse(live);
    }
  }

  #refuse(live: LiveScope): void {
    this.#refused.set(live.name, this.#options.now() + refusedMs);
    this.#stop(live);
  }

  #stop(live: LiveScope): void {
    if (this.#scopes.get(live.name) !== live) return;
    this.#scopes.delete(live.name);
    const type = typeName(live.cache.scope);
    const rest = (this.#byType.get(type) ?? []).filter((other) => other !== live);
    if (rest.length > 0) this.#byType.set(type, rest);
    else this.#byType.delete(type);
    this.#filling.delete(live.name);
    this.#found = new WeakMap();
    live.reflector.stop();
    live.cache.drop(undefined);
    this.bodies.removeAll(live.name);
  }
}

/** Whether nobody has asked for it but a watch that is over. What is held while upstream does not answer may be all that there is. */
function isForNobody({ isForOneWatch, isKept, cache, reflector, hits }: LiveScope): boolean {
  const isUsedOnce = isForOneWatch && !isKept && hits <= 1 && cache.watcherCount === 0;
  return isUsedOnce && reflector.state.phase === "Watching";
}

/**
 * Whether a scope over all can answer for the namespace: only of a type that lives in namespaces, which its objects tell. A
 * path that names a namespace for a cluster-scoped type is upstream's to refuse, and so is it while there is no object.
 */
function isSamePlace({ scope, place }: WatchCache, wanted: Scope): boolean {
  return scope.namespace === wanted.namespace || place === "namespaced";
}

/** Whether all that is wanted is proved to be in the scope, in the same encoding. */
export function scopeCovers(scope: Scope, wanted: Scope): boolean {
  return typeName(scope) === typeName(wanted) && selectionCovers(scope, wanted);
}

/** One name for scopes that hold the same. */
export function scopeName(scope: Scope): string {
  return `${typeName(scope)} ${formatSelection(scope)}`;
}

function typeName(scope: Scope): string {
  return `${gvrOf(scope)} ${scope.codec.format}`;
}

function gvrOf({ gvr }: Scope): string {
  return formatGroupVersionResource(gvr);
}

/** The scope for people: `configmaps in default, json`. */
export function describeScope(scope: Scope): string {
  const place = scope.namespace === "" ? "" : ` in ${scope.namespace}`;
  const selectors = [scope.labelSelector.text, scope.fieldSelector.text].filter(
    (text) => text !== "",
  );
  const chosen = selectors.length === 0 ? "" : ` (${selectors.join(" and ")})`;
  return `${formatGroupResource(scope.gvr)}${place}${chosen}, ${scope.codec.format}`;
}
