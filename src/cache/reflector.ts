import type { Item } from "../api/item.ts";
import {
  compareResourceVersion,
  parseResourceVersion,
  type ResourceVersion,
} from "../api/resource-version.ts";
import { type SelectableField, selectableFields } from "../api/selectable-fields.ts";
import { expired } from "../api/status.ts";
import type { ListForm, TypeForm, WireEvent } from "../codec/codec.ts";
import { Backoff, pause } from "./backoff.ts";
import { Filling } from "./filling.ts";
import { isStream, type ListerWatcher, type ListWatchTarget } from "./lister-watcher.ts";
import { readChunks } from "./read-chunks.ts";
import { hasLostHistory, RefusedError, WatchError } from "./reflector-errors.ts";
import { SlabPacker } from "./slab.ts";
import type { Store } from "./store.ts";
import type { Change, WatchCache } from "./watch-cache.ts";

/** What a reflector has: nothing, a whole state, or a state that a live watch keeps current. */
export type ReflectorState =
  | { readonly phase: "Empty" }
  | { readonly phase: "Listed"; readonly resourceVersion: ResourceVersion }
  | { readonly phase: "Watching"; readonly resourceVersion: ResourceVersion };

export interface ReflectorOptions {
  /** Milliseconds without a byte until the link is probed; the watch is cut when the probe fails. */
  readonly silenceMs: number;
  /** Called for each failure, the first after a success told apart, and once on recovery. */
  readonly report: (outcome: "failing" | "failing again" | "recovered", error: unknown) => void;
  /** Called for every part of a state being filled; throwing gives the fill up. */
  readonly admit: (fillingBytes: number) => void;
  readonly now: () => number;
}

/** Items of a page: large enough that a page costs few round trips, small enough to be thrown away (client-go's 500). */
const pageSize = 500;
/** Changes of one resourceVersion come together; after this much silence there are no more (CONTRACT 12). */
const sameVersionMs = 100;
/** A server that does not know `sendInitialEvents` sends no end bookmark: without one for so long, it is a list instead. */
const watchListSilenceMs = 10_000;

/**
 * Keeps one WatchCache current: fills it by a WatchList, else by a paginated consistent LIST, then watches, resuming from
 * the last resourceVersion. Everything is retried with backoff; a 410 fills anew. (client-go, tools/cache/reflector.go)
 */
export class Reflector {
  readonly #cache: WatchCache;
  readonly #upstream: ListerWatcher;
  readonly #options: ReflectorOptions;
  readonly #target: ListWatchTarget;
  readonly #selectable: readonly SelectableField[];
  readonly #stop = new AbortController();
  readonly #backoff = new Backoff(400, 30_000);
  #state: ReflectorState = { phase: "Empty" };
  #isFailing = false;
  /** The watch under way ends here when it is to begin anew from somewhere else. */
  #attempt = new AbortController();
  /** How far the watch has come; behind the cache's resourceVersion while it replays. */
  #cursor: ResourceVersion | undefined;
  #watchFrom: ResourceVersion | undefined;
  #lastHeardMs = 0;
  #settled = Promise.withResolvers<undefined | Error>();
  #connected = Promise.withResolvers<undefined | Error>();
  #held: Change[] = [];
  #silence: ReturnType<typeof setTimeout> | undefined;
  #watchList: "try" | "not served" = "try";

  constructor(
    cache: WatchCache,
    upstream: ListerWatcher,
    options: ReflectorOptions,
    watchFrom: ResourceVersion | undefined,
  ) {
    this.#cache = cache;
    this.#upstream = upstream;
    this.#options = options;
    this.#watchFrom = watchFrom;
    const { gvr, codec, namespace, labelSelector, fieldSelector } = cache.scope;
    this.#target = { gvr, format: codec.format, namespace, labelSelector, fieldSelector };
    this.#selectable = selectableFields(gvr.group, gvr.resource);
  }

  get state(): ReflectorState {
    return this.#state;
  }

  /** Milliseconds since the last sign of life from upstream: a byte of the watch, or a probe that was answered. */
  get silentMs(): number {
    return this.#options.now() - this.#lastHeardMs;
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
    while (!this.#stop.signal.aborted) {
      this.#attempt = new AbortController();
      const signal = AbortSignal.any([this.#stop.signal, this.#attempt.signal]);
      try {
        if (this.#state.phase === "Empty") await this.#fill(signal);
        else await this.#watch(signal);
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        if (!this.#attempt.signal.aborted) await this.#failed(error);
      }
    }
  }

  stop(): void {
    this.#stop.abort();
    this.#settled.resolve(new Error("the scope was stopped"));
    this.#connected.resolve(new Error("the scope was stopped"));
  }

  // Filling

  async #fill(signal: AbortSignal): Promise<void> {
    if (this.#watchList === "try" && this.#watchFrom === undefined)
      await this.#watchListFill(signal);
    else await this.#listFill(signal);
  }

  async #watchListFill(signal: AbortSignal): Promise<void> {
    const answer = await this.#upstream.watch(
      this.#target,
      { from: "initial events" },
      watchSeconds(),
      signal,
    );
    if (!isStream(answer)) {
      // 400 and 422: the parameter is unknown, or the feature is off (apiserver, ListOptions validation).
      if (answer.status !== 400 && answer.status !== 422) throw new RefusedError(answer);
      this.#watchList = "not served";
      return this.#listFill(signal);
    }
    this.#answered();
    const filling = new Filling(this.#options.admit, (bytes) => this.#item(bytes));
    await this.#readEvents(answer.body, watchListSilenceMs, (event) => {
      if (this.#state.phase === "Watching") return this.#take(event);
      if (event.type === "ADDED") filling.add(event.bytes);
      else if (event.type === "ERROR") throw new WatchError(event.code, event.message);
      else if (event.type === "BOOKMARK" && event.initialEventsEnd) {
        const resourceVersion = parseResourceVersion(event.resourceVersion);
        this.#filled(filling.store(), resourceVersion, event.form);
        this.#watching(resourceVersion);
      }
    });
    if (this.#state.phase !== "Watching") this.#watchList = "not served";
    else this.#listed();
  }

  async #listFill(signal: AbortSignal): Promise<void> {
    const filling = new Filling(this.#options.admit, (bytes) => this.#item(bytes));
    let page = { limit: pageSize, continue: "" };
    let resourceVersion: string | undefined;
    let form: ListForm | undefined;
    do {
      const answer = await this.#upstream.list(this.#target, page, signal);
      if (!isStream(answer)) {
        // The token's history is gone: the whole list at once needs none.
        if (answer.status === 410 && page.limit > 0) {
          page = { limit: 0, continue: "" };
          filling.clear();
          resourceVersion = undefined;
          continue;
        }
        throw new RefusedError(answer);
      }
      this.#answered();
      const reader = this.#cache.scope.codec.listReader(new SlabPacker().allocate);
      for await (const chunk of readChunks(answer.body)) {
        for (const bytes of reader.push(chunk)) filling.add(bytes);
      }
      const envelope = reader.finish();
      resourceVersion ??= envelope.resourceVersion;
      form = envelope.form;
      page = { limit: page.limit, continue: envelope.continue };
    } while (page.continue !== "" || resourceVersion === undefined);
    if (form === undefined) throw new Error("a list without a page");
    this.#cache.learnListForm(form);
    this.#filled(filling.store(), parseResourceVersion(resourceVersion), typeForm(form));
  }

  /** A list's item in list form lacks what the object of an unstructured type has: those are kept as they came. */
  #item(bytes: Uint8Array): Item {
    return this.#cache.scope.codec.readItem(bytes, this.#selectable);
  }

  #filled(store: Store, resourceVersion: ResourceVersion, form: TypeForm): void {
    const from = this.#watchFrom;
    const watchFrom =
      from !== undefined && compareResourceVersion(from, resourceVersion) < 0
        ? from
        : resourceVersion;
    this.#watchFrom = undefined;
    this.#cursor = watchFrom;
    this.#held = [];
    this.#cache.replace(store, resourceVersion, form, watchFrom);
    this.#state = { phase: "Listed", resourceVersion };
    this.#heard();
    this.#settled.resolve(undefined);
  }

  // Watching

  async #watch(signal: AbortSignal): Promise<void> {
    this.#flush();
    const from = this.#resumeFrom();
    const answer = await this.#upstream.watch(
      this.#target,
      { from: "resourceVersion", resourceVersion: from },
      watchSeconds(),
      signal,
    );
    if (!isStream(answer)) throw new RefusedError(answer);
    this.#answered();
    this.#watching(from);
    await this.#readEvents(answer.body, this.#options.silenceMs, (event) => this.#take(event));
    this.#listed();
  }

  #take(event: WireEvent): void {
    switch (event.type) {
      case "ERROR":
        throw new WatchError(event.code, event.message);
      case "BOOKMARK":
        this.#flush();
        this.#cursor = parseResourceVersion(event.resourceVersion);
        this.#cache.bookmark(this.#cursor, this.#options.now());
        return;
      case "ADDED":
      case "MODIFIED":
      case "DELETED":
        this.#change({ type: event.type, item: this.#item(event.bytes) });
    }
  }

  /** DELETED of Events may be several of one resourceVersion: they are held until something else, or silence, ends them. */
  #change(change: Change): void {
    const { resourceVersion } = change.item;
    if (this.#held[0]?.item.resourceVersion !== resourceVersion) this.#flush();
    this.#held.push(change);
    this.#cursor = resourceVersion;
    if (change.type !== "DELETED" || this.#target.gvr.resource !== "events") return this.#flush();
    this.#silence ??= setTimeout(() => this.#flush(), sameVersionMs);
  }

  #flush(): void {
    clearTimeout(this.#silence);
    this.#silence = undefined;
    const changes = this.#held;
    if (changes.length === 0) return;
    this.#held = [];
    this.#cache.apply(changes, this.#options.now());
  }

  /** Where the watch is resumed: of Events one lower, since a cut may have come between two changes of one version. */
  #resumeFrom(): ResourceVersion {
    const from = this.#cursor;
    if (from === undefined) throw new Error("a watch without a state");
    const isReplay = from !== this.#cache.resourceVersion;
    if (this.#target.gvr.resource !== "events" || isReplay || BigInt(from) < 2n) return from;
    return parseResourceVersion(String(BigInt(from) - 1n));
  }

  /** Reads a watch to its end. Silence is probed, and ends it when the link is dead. */
  async #readEvents(
    body: ReadableStream<Uint8Array>,
    firstSilenceMs: number,
    take: (event: WireEvent) => void,
  ): Promise<void> {
    // What fills a state is packed; what changes it comes and goes one by one.
    const packed = new SlabPacker();
    const reader = this.#cache.scope.codec.watchReader((byteLength) =>
      this.#state.phase === "Empty" ? packed.allocate(byteLength) : new Uint8Array(byteLength),
    );
    const watchdog = setInterval(
      () => void this.#checkSilence(),
      Math.min(this.#options.silenceMs, firstSilenceMs) / 2,
    );
    try {
      for await (const chunk of readChunks(body)) {
        this.#heard();
        for (const event of reader.push(chunk)) take(event);
      }
    } finally {
      clearInterval(watchdog);
    }
  }

  async #checkSilence(): Promise<void> {
    if (this.silentMs < this.#options.silenceMs / 2) return;
    if (await this.#upstream.probe()) this.#heard();
    else this.#attempt.abort(new Error("the watch was silent and a probe found the link dead"));
  }

  // State

  #heard(): void {
    this.#lastHeardMs = this.#options.now();
  }

  #answered(): void {
    this.#heard();
    this.#connected.resolve(undefined);
  }

  #watching(resourceVersion: ResourceVersion): void {
    this.#state = { phase: "Watching", resourceVersion };
    this.#backoff.reset();
    if (this.#isFailing) this.#options.report("recovered", undefined);
    this.#isFailing = false;
  }

  #listed(): void {
    const resourceVersion = this.#cache.resourceVersion;
    if (resourceVersion !== undefined) this.#state = { phase: "Listed", resourceVersion };
  }

  /**
   * A 410 ends our own watchers as it ended us. One that came while the watch replayed from before the state loses the
   * replay only: true when the state is still good, and the watch goes on from it.
   */
  #forgets(message: string): boolean {
    const { resourceVersion } = this.#cache;
    const isReplay = resourceVersion !== undefined && this.#cursor !== resourceVersion;
    this.#cache.forgetHistory(expired(message).status);
    if (!isReplay) return false;
    this.#cursor = resourceVersion;
    this.#state = { phase: "Listed", resourceVersion };
    return true;
  }

  async #failed(error: unknown): Promise<void> {
    const failure = error instanceof Error ? error : new Error(String(error));
    if (hasLostHistory(error) && this.#forgets(failure.message)) return;
    this.#state =
      this.#state.phase === "Empty" || hasLostHistory(error)
        ? { phase: "Empty" }
        : { phase: "Listed", resourceVersion: this.#state.resourceVersion };
    this.#settled.resolve(failure);
    this.#connected.resolve(failure);
    const outcome = this.#isFailing ? "failing again" : "failing";
    this.#isFailing = true;
    this.#options.report(outcome, failure);
    await pause(this.#backoff.next(), this.#stop.signal);
  }
}

/** Random in [300, 600) s, so that the scopes of a node do not come back all at once (client-go's reflector). */
function watchSeconds(): number {
  return 300 + Math.floor(Math.random() * 300);
}

/** Of a typed list the kind of its items is the list's without `List`; an unstructured one's items say their own. */
function typeForm(form: ListForm): TypeForm {
  return { ...form, kind: form.kind.replace(/List$/, "") };
}
