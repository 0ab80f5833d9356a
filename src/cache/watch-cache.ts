import type { GroupVersionResource } from "../api/group-version-resource.ts";
import {
  compareResourceVersion,
  newerResourceVersion,
  type ResourceVersion,
} from "../api/resource-version.ts";
import type { Selection } from "../api/selection.ts";
import { expired, type Status } from "../api/status.ts";
import type { ChangeEvent } from "../api/watch-event.ts";
import type { Codec, ListForm, TypeForm } from "../codec/codec.ts";
import { applyTo, asReplay, type Change, undo } from "./change.ts";
import { Frames } from "./frames.ts";
import { History, type HistoryLimits } from "./history.ts";
import { isInside, type LostInterval, reachedLost } from "./lost-interval.ts";
import type { Store } from "./store.ts";
import { Waiters } from "./waiters.ts";

/** What is cached as one: the objects of a resource that a selection shows, in one encoding. */
export interface Scope extends Selection {
  readonly gvr: GroupVersionResource;
  readonly codec: Codec;
}

/** Someone who is told of every change, in order. It must not throw. */
export interface Watcher {
  /** Changes of one resourceVersion; the watcher itself drops what it has had. */
  deliver(frames: readonly Frames[]): void;
  /** What lies between was lost: who is inside is ended with this Status, who is not is told what has become (CONTRACT 14). */
  crossed(lost: LostInterval, status: Status): void;
  /** The scope's history broke or it is gone: an ERROR event with this Status, or a clean end without one. */
  end(status: Status | undefined): void;
}

/** Someone who keeps a copy of the scope elsewhere. It takes references and must not throw. */
export interface Journal {
  /** A whole state has taken the place of what was there. */
  replaced(): void;
  /** The state has moved by these changes, none when its resourceVersion moved alone. */
  moved(changes: readonly ChangeEvent[]): void;
  /** What had become of objects before the state has been told: the state stays as it is. */
  replayed(changes: readonly ChangeEvent[]): void;
  /** The state is given up. */
  dropped(): void;
}

/** A whole state as upstream told it. */
export interface FullState {
  readonly store: Store;
  readonly resourceVersion: ResourceVersion;
  readonly form: TypeForm;
}

/** A scope that holds a whole state. */
interface Filled {
  readonly store: Store;
  readonly history: History;
  readonly resourceVersion: ResourceVersion;
  /** How far a watch that began before the state has told what lies before it. */
  readonly replayedTo: ResourceVersion;
  readonly form: TypeForm;
}

/** How far back a state knows what happened: as `History` has it. */
export interface KnownPast {
  readonly since: ResourceVersion;
  readonly statesSince: ResourceVersion;
  /** How far a watch that began before the state has told what lies before it; the state's own version where that is all. */
  readonly replayedTo: ResourceVersion;
}

/** The same, and what happened. */
export interface Past extends KnownPast {
  /** The objects at `statesSince`. */
  readonly store: Store;
  /** The changes up to `statesSince`, which tell watchers of the whole scope only. */
  readonly told: readonly ChangeEvent[];
  /** The changes from there to the state. */
  readonly changes: readonly ChangeEvent[];
}

/** A state as it was kept elsewhere, and what is known of the changes before it. */
export interface KeptState extends KnownPast {
  readonly store: Store;
  readonly resourceVersion: ResourceVersion;
  readonly form: TypeForm;
  readonly listForm: ListForm | undefined;
  readonly changes: readonly { readonly event: ChangeEvent }[];
  readonly lost: readonly LostInterval[];
  /** When it was kept, in milliseconds since 1970. */
  readonly at: number;
}

/**
 * A live copy of a scope. Its one writer is a Reflector; readers see whole states only: items, history and
 * resourceVersion change in one synchronous block, and a relist is filled aside and swapped in.
 */
export class WatchCache {
  readonly scope: Scope;
  /** What upstream says with each answer of the type, a `Warning` header's value: that it is deprecated. */
  warning: string | undefined;
  readonly #historyLimits: HistoryLimits;
  #filled: Filled | undefined;
  #listForm: ListForm | undefined;
  #watchers = new Set<Watcher>();
  readonly #waiters = new Waiters();
  #version = 0;
  #lost: readonly LostInterval[] = [];
  #formerReach: ResourceVersion | undefined;
  #place: "namespaced" | "cluster" | "unknown" = "unknown";
  #journal: Journal | undefined;

  constructor(scope: Scope, historyLimits: HistoryLimits) {
    this.scope = scope;
    this.#historyLimits = historyLimits;
  }

  /** Whether it has a state to show. */
  get isFilled(): boolean {
    return this.#filled !== undefined;
  }

  /** The resourceVersion reached; undefined while it is not filled. */
  get resourceVersion(): ResourceVersion | undefined {
    return this.#filled?.resourceVersion;
  }

  /** Counts the changes of what a reader can see, resourceVersion included: equal versions give equal answers. */
  get version(): number {
    return this.#version;
  }

  get size(): number {
    return this.#filled?.store.size ?? 0;
  }

  /** The memory held, about: objects and history. */
  get byteLength(): number {
    return (this.#filled?.store.byteLength ?? 0) + (this.#filled?.history.byteLength ?? 0);
  }

  get form(): TypeForm | undefined {
    return this.#filled?.form;
  }

  /** How a list of this type is written; undefined until one has been seen. */
  get listForm(): ListForm | undefined {
    return this.#listForm;
  }

  /** Where the type's objects live, as far as one has told: a type does not move. */
  get place(): "namespaced" | "cluster" | "unknown" {
    const first = this.#filled?.store.first;
    if (first !== undefined) this.#place = first.namespace === "" ? "cluster" : "namespaced";
    return this.#place;
  }

  get watcherCount(): number {
    return this.#watchers.size;
  }

  learnListForm(form: ListForm): void {
    this.#listForm = form;
    this.#version++;
    if (this.#filled !== undefined) this.#journal?.moved([]);
  }

  // Readers

  get store(): Store | undefined {
    return this.#filled?.store;
  }

  /** The state at this resourceVersion; undefined when it is ahead, or the history does not reach back to it. */
  storeAt(resourceVersion: ResourceVersion): Store | undefined {
    const filled = this.#filled;
    if (filled === undefined) return undefined;
    const behind = compareResourceVersion(resourceVersion, filled.resourceVersion);
    if (behind === 0) return filled.store;
    if (behind > 0 || compareResourceVersion(resourceVersion, filled.history.statesSince) < 0)
      return undefined;
    if (this.isLost(resourceVersion)) return undefined;
    const changes = filled.history.after(resourceVersion);
    if (changes === undefined) return undefined;
    return undo(filled.store, changes);
  }

  /** What a copy of the scope has to hold to remember as much; undefined while it is not filled. */
  get past(): Past | undefined {
    if (this.#filled === undefined) return undefined;
    const { store, history, replayedTo } = this.#filled;
    const { since, statesSince } = history;
    const all = history.after(since) ?? [];
    const changes = history.after(statesSince) ?? [];
    const told = all.slice(0, all.length - changes.length);
    return { since, statesSince, replayedTo, told, changes, store: undo(store, changes) };
  }

  /** How far back it knows what happened; undefined while it is not filled. */
  get knownPast(): KnownPast | undefined {
    if (this.#filled === undefined) return undefined;
    const { history, replayedTo } = this.#filled;
    const { since, statesSince } = history;
    return { since, statesSince, replayedTo };
  }

  /** Whether what lies before the state is still to be told to those who wait for it: nothing else may be told before. */
  get isReplaying(): boolean {
    return this.#filled !== undefined && this.#filled.replayedTo !== this.#filled.resourceVersion;
  }

  /**
   * The changes after this resourceVersion; undefined when some are gone. Those of a narrower selection need the
   * previous objects, which may reach back less far.
   */
  changesAfter(
    resourceVersion: ResourceVersion,
    reach: "whole scope" | "narrower",
  ): readonly ChangeEvent[] | undefined {
    const history = this.#filled?.history;
    if (history === undefined) return undefined;
    if (reach === "narrower" && compareResourceVersion(resourceVersion, history.statesSince) < 0)
      return undefined;
    return history.after(resourceVersion);
  }

  /** What is not known of the time that the history reaches back to. */
  get lost(): readonly LostInterval[] {
    return this.#lost;
  }

  /** Whether what happened around this resourceVersion was lost. */
  isLost(resourceVersion: ResourceVersion): boolean {
    return this.#lost.some((each) => isInside(resourceVersion, each));
  }

  /**
   * Whether this resourceVersion lies ahead of the state, where a history reached that this one has replaced: who has it from
   * there would wait in silence until this one has come as far, and then be told a part (CONTRACT 17).
   */
  isOfFormerHistory(resourceVersion: ResourceVersion): boolean {
    const former = this.#formerReach;
    if (former === undefined || this.has(resourceVersion)) return false;
    return compareResourceVersion(resourceVersion, former) <= 0;
  }

  frames(event: ChangeEvent): Frames {
    if (this.#filled === undefined) throw new Error("frames of a scope that is not filled");
    return new Frames(this.scope.codec, this.#filled.form, event);
  }

  /** Adds a watcher of all changes from here on. */
  subscribe(watcher: Watcher): void {
    this.#watchers.add(watcher);
  }

  unsubscribe(watcher: Watcher): void {
    this.#watchers.delete(watcher);
  }

  /** Resolves to true as soon as the resourceVersion is reached, to false after the time. Never rejects. */
  waitUntilFresh(atLeast: ResourceVersion, timeoutMs: number): Promise<boolean> {
    return this.waitUntil(() => this.has(atLeast), timeoutMs);
  }

  /** The same for any condition on what the cache holds; it is asked after every change. */
  waitUntil(isMet: () => boolean, timeoutMs: number): Promise<boolean> {
    return this.#waiters.wait(isMet, timeoutMs);
  }

  /** Whether this resourceVersion is reached. */
  has(resourceVersion: ResourceVersion): boolean {
    const reached = this.#filled?.resourceVersion;
    return reached !== undefined && compareResourceVersion(reached, resourceVersion) >= 0;
  }

  /** Tells this journal of all that changes from here on. */
  keepJournal(journal: Journal): void {
    this.#journal = journal;
  }

  // The writer

  /**
   * A whole state, swapped in at once. Who watched the state before gets a 410: what lies between is not known.
   * `watchFrom` is where the watch goes on, older than the state when somebody waits for changes from there.
   */
  replace(
    store: Store,
    resourceVersion: ResourceVersion,
    form: TypeForm,
    watchFrom: ResourceVersion,
  ): void {
    const before = this.#filled?.resourceVersion;
    if (before !== undefined && compareResourceVersion(before, resourceVersion) > 0)
      this.#formerReach = newerResourceVersion(before, this.#formerReach ?? before);
    if (before !== undefined)
      this.endWatchers(expired(`too old resource version: ${before} (${resourceVersion})`).status);
    const history = new History(this.#historyLimits, watchFrom, resourceVersion);
    this.#filled = { store, history, resourceVersion, replayedTo: watchFrom, form };
    this.#lost = [];
    this.#moved();
    this.#journal?.replaced();
  }

  /**
   * A whole state that takes the place of what is held after lost history, and the events that lead to it: watchers stay and
   * are told the difference. Who waits inside the interval is ended.
   */
  bridge({ store, resourceVersion, form }: FullState, events: readonly ChangeEvent[], now: number) {
    const filled = this.#filled;
    if (filled === undefined) throw new Error("no state is held that could be bridged");
    const { history } = filled;
    const lost = { after: filled.resourceVersion, before: resourceVersion };
    for (const event of events) history.append(event, now);
    this.#lost = reachedLost([...this.#lost, lost], history.since);
    this.#filled = { store, history, resourceVersion, replayedTo: resourceVersion, form };
    this.#moved();
    this.#journal?.moved(events);
    const message = `too old resource version: history after ${lost.after} was lost (${lost.before})`;
    const { status } = expired(message);
    for (const watcher of this.#watchers) watcher.crossed(lost, status);
    if (this.#watchers.size > 0) for (const event of events) this.#deliver([event]);
  }

  /** The state that was kept elsewhere; its changes count as new, so that who watched before may resume. No journal is told. */
  restore(kept: KeptState, now: number): void {
    const { store, resourceVersion, replayedTo, form, listForm, since, statesSince } = kept;
    const history = new History(this.#historyLimits, since, statesSince);
    for (const { event } of kept.changes) history.append(event, now);
    this.#listForm ??= listForm;
    this.#lost = kept.lost;
    this.#filled = { store, history, resourceVersion, replayedTo, form };
    this.#moved();
  }

  /**
   * Changes off the watch that are one: of one resourceVersion, which only an etcd lease gives to more than one (CONTRACT 12).
   * What is not after the state is history for those who wait for it, and changes nothing.
   */
  apply(changes: readonly Change[], now: number): void {
    const filled = this.#filled;
    const [first] = changes;
    if (filled === undefined || first === undefined) return;
    const version = first.item.resourceVersion;
    const isAfter = compareResourceVersion(version, filled.resourceVersion) > 0;
    const events = changes.flatMap((each) =>
      isAfter ? applyTo(filled.store, each) : this.#replayed(filled, each),
    );
    for (const event of events) filled.history.append(event, now);
    if (isAfter) {
      this.#filled = { ...filled, resourceVersion: version, replayedTo: version };
      this.#moved();
      this.#journal?.moved(events);
    } else if (events.length > 0) this.#version++;
    if (events.length > 0 && this.#watchers.size > 0) this.#deliver(events);
  }

  /** All is complete up to this resourceVersion. */
  bookmark(resourceVersion: ResourceVersion, now: number): void {
    const filled = this.#filled;
    if (filled === undefined) return;
    filled.history.prune(now);
    if (compareResourceVersion(resourceVersion, filled.replayedTo) <= 0) return;
    const reached = newerResourceVersion(resourceVersion, filled.resourceVersion);
    this.#filled = { ...filled, resourceVersion: reached, replayedTo: resourceVersion };
    if (reached !== filled.resourceVersion) this.#moved();
    this.#journal?.moved([]);
  }

  /** The history before the state turned out to be lost upstream: who waits for it gets this Status, the state stays. */
  forgetHistory(status: Status): void {
    const filled = this.#filled;
    if (filled === undefined) return;
    const history = new History(this.#historyLimits, filled.resourceVersion);
    this.#filled = { ...filled, history, replayedTo: filled.resourceVersion };
    this.#journal?.moved([]);
    this.endWatchers(status);
  }

  /** Ends all watchers, with this Status or cleanly. */
  endWatchers(status: Status | undefined): void {
    const watchers = this.#watchers;
    this.#watchers = new Set();
    for (const watcher of watchers) watcher.end(status);
  }

  /** Gives up the state: nothing can be read until it is filled anew. */
  drop(status: Status | undefined): void {
    this.#journal?.dropped();
    this.#filled = undefined;
    this.endWatchers(status);
    this.#version++;
    this.#waiters.giveUp();
  }

  /** What a change that is not after the state is: told again where the watch began before it, else a rest of a change that was cut, or nothing. */
  #replayed(filled: Filled, change: Change): readonly ChangeEvent[] {
    const { item } = change;
    if (compareResourceVersion(item.resourceVersion, filled.replayedTo) > 0) {
      this.#filled = { ...filled, replayedTo: item.resourceVersion };
      const replay = asReplay(change);
      this.#journal?.replayed([replay]);
      return [replay];
    }
    const held = filled.store.get(item.key);
    const isRest =
      change.type === "DELETED" &&
      item.resourceVersion === filled.resourceVersion &&
      held !== undefined &&
      held.uid === item.uid;
    if (!isRest) return [];
    const events = applyTo(filled.store, change);
    this.#journal?.moved(events);
    return events;
  }

  #deliver(events: readonly ChangeEvent[]): void {
    const frames = events.map((event) => this.frames(event));
    for (const watcher of this.#watchers) watcher.deliver(frames);
  }

  #moved(): void {
    this.#version++;
    this.#waiters.ask();
  }
}
