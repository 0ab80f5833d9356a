import type { ChangeEvent } from "../api/watch-event.ts";
import { giveBackAfter } from "../memory/give-back.ts";
import type { DiskOutcome } from "./disk.ts";
import { scopeId } from "./scope-id.ts";
import type { ScopeState } from "./scope-rows.ts";
import { bytesOf } from "./snapshot-slices.ts";
import type { Snapshot, WriteOutcome } from "./snapshot.ts";
import type { Journal, KnownPast, Scope, WatchCache } from "./watch-cache.ts";

/** What is asked of the disk. */
type Target = Pick<Snapshot, "write" | "replace" | "release" | "isAt">;

export interface PersisterOptions {
  /** How far the disk may be behind memory, in milliseconds; a whole state takes longer. */
  readonly flushMs: number;
  /** Told once for each scope that the disk has no room for. */
  readonly doesNotFit: (scope: Scope) => void;
}

/** After a failure of the disk (not of the file, which is begun anew at once) it is tried again after so long, and then twice as long each time. */
const retryMs = 2000;
const maxRetryMs = 60_000;

/** So much of changes may wait for a slow disk, and as much as the scope has: then writing it whole is less. */
const maxWaitingBytes = 8 << 20;

/** A scope that is kept on disk. */
interface Kept {
  readonly cache: WatchCache;
  /** `whole`: the disk needs all of it. `changes`: it lacks only these; none mean a new resourceVersion. */
  lacks: "nothing" | "whole" | "changes";
  changes: ChangeEvent[];
  /** Of those, and of what was told. */
  waitingBytes: number;
  /** What was told of the time before the state, and what was known by then. */
  told:
    | { readonly state: ScopeState; readonly known: KnownPast; readonly changes: ChangeEvent[] }
    | undefined;
  isTooLarge: boolean;
  isSaid: boolean;
  isDropped: boolean;
}

/**
 * Keeps the scopes on disk as they are in memory, `flushMs` behind. On the way of an event it only remembers a reference.
 * While the disk fails nothing is remembered; when it works again the scopes are written whole.
 */
export class Persister {
  readonly #snapshot: Target;
  readonly #options: PersisterOptions;
  readonly #kept = new Set<Kept>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #retryMs = 0;
  #flushing: Promise<void> | undefined;
  #isStopped = false;

  constructor(snapshot: Target, options: PersisterOptions) {
    this.#snapshot = snapshot;
    this.#options = options;
  }

  /** Keeps this scope from here on. One that was filled from the disk is in step already. */
  keep(cache: WatchCache): void {
    const { resourceVersion } = cache;
    const isInStep =
      resourceVersion !== undefined && this.#snapshot.isAt(cache.scope, resourceVersion);
    const lacks = resourceVersion === undefined || isInStep ? "nothing" : "whole";
    const kept: Kept = {
      cache,
      lacks,
      changes: [],
      waitingBytes: 0,
      told: undefined,
      isTooLarge: false,
      isSaid: false,
      isDropped: false,
    };
    this.#kept.add(kept);
    cache.keepJournal(this.#journalOf(kept));
    if (lacks === "whole") this.#arm();
  }

  /** Nothing is on disk any more: all scopes are written whole, the quiet ones too. */
  writeAnew(): void {
    for (const kept of this.#kept) {
      if (stateOf(kept.cache) === undefined) continue;
      kept.lacks = "whole";
      forget(kept);
      kept.isTooLarge = false;
      this.#arm();
    }
  }

  /** Writes what is lacking now. Never rejects. */
  async flush(): Promise<void> {
    while (this.#flushing !== undefined) await this.#flushing;
    this.#flushing = this.#flush();
    await this.#flushing;
    this.#flushing = undefined;
    if (this.#lacking.length > 0) this.#arm();
  }

  /** Writes what is lacking, and nothing more after that. Never rejects. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.flush();
  }

  #journalOf(kept: Kept): Journal {
    return {
      replaced: () => {
        kept.lacks = "whole";
        forget(kept);
        kept.isTooLarge = false;
        this.#arm();
      },
      moved: (changes) => {
        if (kept.lacks === "whole" || kept.isTooLarge) return;
        kept.lacks = "changes";
        for (const change of changes) kept.changes.push(change);
        wait(kept, changes);
        this.#arm();
      },
      replayed: (changes) => {
        const state = stateOf(kept.cache);
        if (kept.lacks === "whole" || kept.isTooLarge || state === undefined) return;
        kept.lacks = "changes";
        const told = kept.told?.changes ?? [];
        for (const change of changes) told.push(change);
        kept.told = { ...state, changes: told };
        wait(kept, changes);
        this.#arm();
      },
      dropped: () => void this.#drop(kept),
    };
  }

  get #lacking(): readonly Kept[] {
    return [...this.#kept].filter(({ lacks }) => lacks !== "nothing");
  }

  #arm(): void {
    if (this.#isStopped || this.#flushing !== undefined) return;
    const delay = Math.max(this.#options.flushMs, this.#retryMs);
    this.#timer ??= setTimeout(() => void this.flush(), delay);
  }

  async #flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const lacking = this.#lacking;
    await this.#writeChanges(lacking.filter(({ lacks }) => lacks === "changes"));
    for (const kept of lacking) if (kept.lacks === "whole") await this.#writeWhole(kept);
  }

  async #writeChanges(all: readonly Kept[]): Promise<void> {
    const writes = all.flatMap((kept) => {
      const state = stateOf(kept.cache);
      if (state === undefined) return [];
      const { changes, told } = kept;
      const { scope } = kept.cache;
      forget(kept);
      kept.lacks = "nothing";
      const now = { kept, scope, ...state, changes };
      if (told === undefined) return [now];
      return [{ kept, scope, ...told, eventsOf: "before the state" as const }, now];
    });
    if (writes.length === 0) return;
    const outcome = await this.#snapshot.write(writes);
    for (const [index, { kept }] of writes.entries())
      this.#settle(kept, outcome.is === "fault" ? outcome : (outcome.value[index] ?? "not held"));
  }

  async #writeWhole(kept: Kept): Promise<void> {
    const { scope, past } = kept.cache;
    const state = stateOf(kept.cache)?.state;
    if (state === undefined || past === undefined) return;
    kept.lacks = "nothing";
    forget(kept);
    const outcome = await this.#snapshot.replace(scope, state, [...past.store.items()], past);
    giveBackAfter(kept.cache.byteLength);
    this.#settle(kept, outcome.is === "fault" ? outcome : outcome.value);
  }

  #settle(kept: Kept, outcome: WriteOutcome | Failure): void {
    if (outcome === "written") {
      this.#retryMs = 0;
      return;
    }
    forget(kept);
    if (outcome === "does not fit") {
      if (!kept.isSaid) this.#options.doesNotFit(kept.cache.scope);
      kept.isSaid = true;
      kept.isTooLarge = true;
      kept.lacks = "nothing";
      return;
    }
    if (outcome !== "not held") this.#retryMs = nextRetryMs(outcome, this.#retryMs);
    // What a dropped scope lacked is lost: its last state on disk is older, and whole.
    kept.lacks = kept.isDropped ? "nothing" : "whole";
  }

  /** The scope is about to be empty: what it lacks is taken now; its last state stays on disk. */
  async #drop(kept: Kept): Promise<void> {
    kept.isDropped = true;
    this.#kept.delete(kept);
    if (kept.lacks === "changes") await this.#writeChanges([kept]);
    else if (kept.lacks === "whole") await this.#writeWhole(kept);
    if (!this.#isKept(kept.cache.scope)) await this.#snapshot.release(kept.cache.scope);
  }

  /** Whether the scope has been started again meanwhile. */
  #isKept(scope: Scope): boolean {
    const id = scopeId(scope);
    return [...this.#kept].some(({ cache }) => scopeId(cache.scope) === id);
  }
}

function wait(kept: Kept, changes: readonly ChangeEvent[]): void {
  kept.waitingBytes += bytesOf(changes);
  if (kept.waitingBytes <= Math.max(maxWaitingBytes, kept.cache.byteLength)) return;
  kept.lacks = "whole";
  forget(kept);
}

function forget(kept: Kept): void {
  kept.waitingBytes = 0;
  kept.changes = [];
  kept.told = undefined;
}

function stateOf({ resourceVersion, form, listForm, lost, knownPast: known }: WatchCache) {
  if (resourceVersion === undefined || form === undefined || known === undefined) return undefined;
  return { state: { resourceVersion, form, listForm, lost }, known };
}

type Failure = Extract<DiskOutcome<unknown>, { is: "fault" }>;

function nextRetryMs({ fault }: Failure, before: number): number {
  if (fault.kind === "damaged" || fault.kind === "outdated") return 0;
  return Math.min(maxRetryMs, Math.max(retryMs, before * 2));
}
