import { compareResourceVersion, type ResourceVersion } from "../api/resource-version.ts";
import { expired } from "../api/status.ts";
import { type Allocate, allocateOwn, type WireEvent } from "../codec/codec.ts";
import { catchUp, type Standing } from "./catch-up.ts";
import { Filling } from "./filling.ts";
import { isStream, type ListerWatcher } from "./lister-watcher.ts";
import { AnotherHistoryError, hasLostHistory, RefusedError } from "./reflector-errors.ts";
import { ChangeFeed } from "./reflector-feed.ts";
import { takeInitial } from "./reflector-initial.ts";
import { Outage } from "./reflector-outage.ts";
import { type Attempt, Source } from "./reflector-source.ts";
import type { ReflectorOptions, ReflectorState } from "./reflector-state.ts";
import { difference } from "./shield.ts";
import { SlabPacker } from "./slab.ts";
import type { FullState, KeptState, WatchCache } from "./watch-cache.ts";

/** A watch that ends sooner, and has brought nothing, has failed (client-go's VeryShortWatchError). */
const provenMs = 1000;
/** A server that does not know `sendInitialEvents` sends no end bookmark: after so long without a byte, it is a list instead. */
const noBookmarkMs = 10_000;
/** A bookmark may fail to come once (CONTRACT 5). */
const catchUpWatches = 2;

/**
 * Keeps one WatchCache current: fills it by a WatchList, else by a paginated consistent LIST, then watches, resuming from
 * the last resourceVersion. Everything is retried with backoff; a 410 fills anew. (client-go, tools/cache/reflector.go)
 */
export class Reflector {
  readonly #cache: WatchCache;
  readonly #source: Source;
  readonly #options: ReflectorOptions;
  readonly #feed: ChangeFeed;
  readonly #stop = new AbortController();
  readonly #outage: Outage;
  readonly #settled = Promise.withResolvers<undefined | Error>();
  readonly #connected = Promise.withResolvers<undefined | Error>();
  #state: ReflectorState = { phase: "Empty" };
  /** The watch that is open has brought something, or lasted. */
  #isProven = false;
  #watchFrom: ResourceVersion | undefined;
  #watchList: "try" | "not served" = "try";
  #isConfirmed = true;
  /** It came from disk, and upstream has not shown since that it is up to date. */
  #isRestored = false;
  /** The state to come is of another history than the one there is: nothing leads from one to the other. */
  #isAnotherHistory = false;
  #fillBeganMs = 0;
  #catchingUp: Promise<Standing> | undefined;
  #attempt: Attempt | undefined;

  constructor(
    cache: WatchCache,
    upstream: ListerWatcher,
    options: ReflectorOptions,
    watchFrom: ResourceVersion | undefined,
  ) {
    this.#cache = cache;
    this.#options = options;
    this.#watchFrom = watchFrom;
    this.#outage = new Outage(upstream, options.report);
    this.#source = new Source(cache, upstream, options.silenceMs, options.now);
    this.#feed = new ChangeFeed(cache, this.#source.readItem, options);
  }

  get state(): ReflectorState {
    return this.#state;
  }

  /** Milliseconds since the last sign of life from upstream: a byte of the watch, or a probe that was answered. */
  get silentMs(): number {
    return this.#source.link.silentMs;
  }

  /** The same, at a time that is known. */
  silentAt(nowMs: number): number {
    return this.#source.link.silentAt(nowMs);
  }

  /** Somebody reads the scope: a connection that has been silent for too long is not trusted. */
  want(nowMs: number): void {
    this.#source.link.want(nowMs);
  }

  /** Resolves to undefined at the first whole state, or to the error of the first attempt. Never rejects. */
  get firstAttempt(): Promise<undefined | Error> {
    return this.#settled.promise;
  }

  /** Resolves to undefined when upstream has first answered with a 200, or to the error of the first attempt. Never rejects. */
  get firstAnswer(): Promise<undefined | Error> {
    return this.#connected.promise;
  }

  /** Runs until `stop`. Never rejects. */
  async run(): Promise<void> {
    const { kept } = this.#options;
    if (kept !== undefined) this.#restore(await kept());
    while (!this.#stop.signal.aborted) {
      const cut = new AbortController();
      const signal = AbortSignal.any([this.#stop.signal, cut.signal]);
      const attempt: Attempt = { signal, cut: (reason) => cut.abort(reason) };
      this.#attempt = attempt;
      try {
        if (this.#state.phase === "Empty") await this.#fill(attempt);
        else await this.#watch(attempt);
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        if (!cut.signal.aborted) await this.#failed(error);
      }
    }
  }

  /** Begins with what was kept: the watch goes on from there, and nothing is listed. */
  #restore(kept: KeptState | undefined): void {
    if (kept === undefined || this.#stop.signal.aborted) return;
    try {
      this.#options.admit(kept.store.byteLength);
    } catch {
      return;
    }
    this.#isConfirmed = false;
    this.#isRestored = true;
    this.#watchFrom = undefined;
    this.#feed.begin(kept.replayedTo);
    this.#cache.restore(kept, this.#options.now());
    this.#options.tally.count("restored");
    this.#state = { phase: "Listed", resourceVersion: kept.resourceVersion };
    this.#source.link.heardBefore(Date.now() - kept.at);
    this.#settled.resolve(undefined);
  }

  /** From here on the state counts as old until it is confirmed: it came from the disk, or the link was away (CONTRACT 6). */
  doubt(): void {
    this.#isConfirmed = false;
  }

  /** Whether the state is known to be no older than this process, and than the last outage. */
  get isConfirmed(): boolean {
    return this.#isConfirmed;
  }

  /**
   * Confirms the state, or fills it anew where it is of another history; who asks meanwhile shares the answer. Rejects when
   * upstream does not answer.
   */
  catchUp(latest: () => Promise<ResourceVersion>): Promise<Standing> {
    this.#catchingUp ??= this.#compare(latest, catchUpWatches).finally(() => {
      this.#catchingUp = undefined;
    });
    return this.#catchingUp;
  }

  async #compare(latest: () => Promise<ResourceVersion>, watches: number): Promise<Standing> {
    const { now, tally } = this.#options;
    const { signal } = this.#stop;
    const parts = { cache: this.#cache, source: this.#source, latest, watches, now, tally, signal };
    const standing = await catchUp(parts);
    // Found otherwise meanwhile: a store that was restored may have grown past what is held.
    if (this.#isAnotherHistory) return "another history";
    if (standing === "up to date") this.#confirmed();
    if (standing === "another history") this.anotherHistory();
    if (standing === "not shown") this.#relist();
    return standing;
  }

  #confirmed(): void {
    if (!this.#isConfirmed) this.#options.tally.count("confirmed");
    this.#isConfirmed = true;
    this.#isRestored = false;
  }

  /**
   * Without a read to ask for it: who only watches has to learn of another history (CONTRACT 17). What came from disk is
   * confirmed by it; after an outage a LIST has to do, since each scope would cost a watch at the same moment (CONTRACT 6).
   */
  #confirm(): void {
    const { latest } = this.#options;
    if (latest === undefined || this.#isConfirmed) return;
    const asked = this.#isRestored ? this.catchUp(latest) : this.#compare(latest, 0);
    void asked.catch(() => undefined);
  }

  /** The state is given up for a new one: who watches it gets a 410, as by an apiserver that has lost its history. */
  anotherHistory(): void {
    if (this.#isAnotherHistory || !this.#cache.isFilled) return;
    const error = new AnotherHistoryError(this.#cache.resourceVersion, performance.now());
    this.#cache.forgetHistory(expired(error.message).status);
    this.#isAnotherHistory = true;
    this.doubt();
    this.#state = { phase: "Empty" };
    this.#options.report("failing", error);
    this.#attempt?.cut(error);
  }

  /** It is listed anew, since nothing shows what it lacks (CONTRACT 5): who watches it is told the difference. */
  #relist(): void {
    if (this.#state.phase === "Empty") return;
    const why = `no bookmark came to show that the state at ${this.#cache.resourceVersion} is complete`;
    this.#feed.forget(why);
    this.#state = { phase: "Empty" };
    this.#attempt?.cut(new Error(why));
  }

  stop(): void {
    this.#stop.abort();
    this.#settled.resolve(new Error("the scope was stopped"));
    this.#connected.resolve(new Error("the scope was stopped"));
  }

  async #fill(attempt: Attempt): Promise<void> {
    this.#fillBeganMs = performance.now();
    const filling = new Filling(this.#options.admit, this.#source.readItem);
    if (this.#watchList === "try" && this.#watchFrom === undefined)
      await this.#fillByWatchList(filling, attempt);
    else await this.#fillByPages(filling, attempt);
  }

  async #fillByWatchList(filling: Filling, attempt: Attempt): Promise<void> {
    const answer = await this.#source.watch({ from: "initial events" }, attempt);
    if (!isStream(answer)) {
      // 400 and 422: the parameter is unknown, or the feature is off (apiserver, ListOptions validation).
      if (answer.status !== 400 && answer.status !== 422) throw new RefusedError(answer);
      this.#notServed();
      return this.#fillByPages(filling, attempt);
    }
    this.#answered();
    // What fills a state is packed; what changes it comes and goes one by one.
    const packed = new SlabPacker();
    const allocate: Allocate = (byteLength) =>
      this.#state.phase === "Empty" ? packed.allocate(byteLength) : allocateOwn(byteLength);
    const stopLooking = this.#source.link.whenQuiet(noBookmarkMs, () => {
      if (this.#state.phase === "Empty") attempt.cut(this.#notServed());
    });
    try {
      await this.#source.readEvents(answer.body, allocate, attempt, (event) => {
        if (this.#state.phase !== "Empty") return this.#take(event);
        const state = takeInitial(filling, event);
        if (state === undefined) return;
        this.#filled(state, attempt);
        this.#watching(state.resourceVersion);
        this.#proven();
      });
    } finally {
      stopLooking();
    }
    if (this.#state.phase === "Empty") this.#notServed();
    else this.#listed();
  }

  #notServed(): Error {
    this.#watchList = "not served";
    return new Error("a WatchList without its end bookmark");
  }

  async #fillByPages(filling: Filling, attempt: Attempt): Promise<void> {
    const { listForm, ...state } = await this.#source.pages(filling, attempt, () =>
      this.#answered(),
    );
    this.#cache.learnListForm(listForm);
    this.#filled(state, attempt);
  }

  #filled({ store, resourceVersion, form }: FullState, { signal }: Attempt): void {
    signal.throwIfAborted();
    const from = this.#watchFrom;
    const isOlder = from !== undefined && compareResourceVersion(from, resourceVersion) < 0;
    const watchFrom = isOlder ? from : resourceVersion;
    this.#watchFrom = undefined;
    this.#feed.begin(watchFrom);
    const state = { store, resourceVersion, form };
    const isFirst = !this.#cache.isFilled;
    const isBridged = watchFrom === resourceVersion && this.#isBridged(state);
    if (!isBridged) this.#cache.replace(store, resourceVersion, form, watchFrom);
    this.#options.tally.count(isFirst ? "filled" : isBridged ? "bridged" : "replaced");
    this.#isAnotherHistory = false;
    this.#confirmed();
    this.#state = { phase: "Listed", resourceVersion };
    this.#source.link.heard();
    this.#settled.resolve(undefined);
  }

  /** After lost history: whether our watchers were told the difference and stay (CONTRACT 14). */
  #isBridged(state: FullState): boolean {
    const { store, resourceVersion } = this.#cache;
    if (store === undefined || resourceVersion === undefined || this.#isAnotherHistory)
      return false;
    const { codec } = this.#cache.scope;
    const between = difference({ store, resourceVersion }, state, (item, version) =>
      this.#source.readItem(codec.withResourceVersion(item.bytes, version)),
    );
    if (between.is === "another history")
      this.#options.report("failing", new AnotherHistoryError(resourceVersion, this.#fillBeganMs));
    if (between.is !== "bridged") return false;
    this.#cache.bridge(state, between.events, this.#options.now());
    for (const { type } of between.events) this.#options.tally.change(type);
    return true;
  }

  async #watch(attempt: Attempt): Promise<void> {
    const resourceVersion = this.#feed.resumeFrom();
    const answer = await this.#source.watch({ from: "resourceVersion", resourceVersion }, attempt);
    if (!isStream(answer)) throw new RefusedError(answer);
    this.#answered();
    this.#watching(resourceVersion);
    this.#confirm();
    const proof = setTimeout(() => this.#proven(), provenMs);
    try {
      const take = (event: WireEvent) => this.#take(event);
      await this.#source.readEvents(answer.body, allocateOwn, attempt, take);
    } finally {
      clearTimeout(proof);
    }
    if (!this.#isProven) throw new Error("the watch ended at once, without an event");
    this.#listed();
  }

  #take(event: WireEvent): void {
    this.#feed.take(event);
    if (!this.#isProven) this.#proven();
  }

  #answered(): void {
    this.#source.link.received();
    this.#connected.resolve(undefined);
  }

  #watching(resourceVersion: ResourceVersion): void {
    this.#state = { phase: "Watching", resourceVersion };
    this.#isProven = false;
  }

  #proven(): void {
    this.#isProven = true;
    this.#outage.over();
  }

  #listed(): void {
    const { resourceVersion } = this.#cache;
    if (resourceVersion !== undefined) this.#state = { phase: "Listed", resourceVersion };
  }

  async #failed(error: unknown): Promise<void> {
    const failure = error instanceof Error ? error : new Error(String(error));
    if (hasLostHistory(error)) {
      if (this.#feed.forget(failure.message) === "replay") return this.#listed();
      this.#state = { phase: "Empty" };
    } else if (this.#state.phase !== "Empty") this.#listed();
    this.#settled.resolve(failure);
    this.#connected.resolve(failure);
    await this.#outage.failed(failure, this.#stop.signal);
  }
}
