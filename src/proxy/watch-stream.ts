import { compareResourceVersion, type ResourceVersion } from "../api/resource-version.ts";
import type { Status } from "../api/status.ts";
import type { Frames } from "../cache/frames.ts";
import { isInside, type LostInterval } from "../cache/lost-interval.ts";
import type { WatchCache, Watcher } from "../cache/watch-cache.ts";
import type { PushBody, Sink } from "../http/answer.ts";
import type { RuleSet } from "../rules/rule-set.ts";
import { frameFor, type Sight } from "./filter.ts";
import type { ReadRequest } from "./read-request.ts";
import type { Watches } from "./watches.ts";

export interface WatchStreamOptions {
  readonly read: ReadRequest;
  /** What of the scope is shown; undefined for all of it. */
  readonly sight: Sight | undefined;
  /** Nothing at or below it is sent, but what comes first. */
  readonly position: ResourceVersion;
  /** What is sent first, made as the client reads it. */
  readonly initial: Iterator<Uint8Array>;
  readonly deadlineMs: number;
  readonly wantsBookmarks: boolean;
  /** Whose watch it is. */
  readonly userAgent: string;
}

/** What all watches share. */
export interface WatchContext {
  readonly watches: Watches;
  readonly now: () => number;
  /** Called when a client has left its watch before it ended. */
  readonly left: (cache: WatchCache) => void;
  /** Bytes that may wait for a slow client. */
  readonly bufferBytes: () => number;
}

/** As an apiserver: about once a minute, and once 2 s before the deadline (cacher/cache_watcher.go nextBookmarkTime). */
const bookmarkEveryMs = 60_000;
const bookmarkBeforeEndMs = 2000;
/** A client that has not read the end of its watch by then does not read at all. */
const drainMs = 10_000;

/**
 * One client's watch: what comes first, as fast as the client reads it, then the changes that it selects, in rising order.
 * Frames are shared by reference; a client that is slow by more than its bytes is ended cleanly and may resume.
 */
export class WatchStream implements Watcher, PushBody {
  readonly #context: WatchContext;
  readonly #cache: WatchCache;
  readonly #read: ReadRequest;
  readonly #sight: Sight | undefined;
  readonly #userAgent: string;
  readonly #wantsBookmarks: boolean;
  readonly #deadline: number;
  #sink: Sink | undefined;
  /** The client has taken all that was written. */
  #hasRoom = true;
  #isOver = false;
  #position: ResourceVersion;
  /** Not read to its end yet: changes wait behind it. */
  #initial: Iterator<Uint8Array> | undefined;
  #waiting: Uint8Array[] | undefined;
  #waitingBytes = 0;
  #endingSince: number | undefined;
  #nextBookmark: number;

  constructor(context: WatchContext, cache: WatchCache, options: WatchStreamOptions) {
    this.#context = context;
    this.#cache = cache;
    this.#read = options.read;
    this.#sight = options.sight;
    this.#userAgent = options.userAgent;
    this.#wantsBookmarks = options.wantsBookmarks;
    this.#position = options.position;
    this.#initial = options.initial;
    const now = context.now();
    this.#deadline = now + options.deadlineMs;
    this.#nextBookmark = this.#bookmarkAfter(now);
    cache.subscribe(this);
    context.watches.add(this);
  }

  begin(sink: Sink): void {
    // It may be over before its answer has been given.
    if (this.#isOver) return sink.end();
    this.#sink = sink;
    this.#pump();
  }

  drained(): void {
    this.#hasRoom = true;
    this.#pump();
  }

  left(): void {
    this.#sink = undefined;
    this.#close("done");
    this.#context.left(this.#cache);
  }

  deliver(changes: readonly Frames[]): void {
    const version = changes[0]?.event.item.resourceVersion;
    if (version === undefined || compareResourceVersion(version, this.#position) <= 0) return;
    this.#position = version;
    for (const frames of changes) {
      const frame = frameFor(frames, this.#sight);
      if (frame !== undefined) this.#send(frame);
    }
  }

  crossed(lost: LostInterval, status: Status): void {
    if (isInside(this.#position, lost)) this.end(status);
  }

  /** Whether these rules show it something else than it was begun with. */
  isSeenOtherwise(rules: RuleSet): boolean {
    const { info, scope } = this.#read;
    const { labelSelector } = scope;
    const view = rules.viewOf({ ...info, userAgent: this.#userAgent, labelSelector });
    return view?.id !== this.#sight?.view?.id;
  }

  end(status: Status | undefined): void {
    if (status !== undefined) this.#send(this.#cache.scope.codec.error(status));
    this.#cache.unsubscribe(this);
    this.#endingSince ??= this.#context.now();
    if (this.#waiting === undefined && this.#initial === undefined) this.#close("done");
  }

  /** Called about once a second: bookmarks and the deadline. */
  tick(now: number): void {
    if (this.#endingSince !== undefined) {
      if (now - this.#endingSince > drainMs) this.#giveUp();
      return;
    }
    if (this.#wantsBookmarks && now >= this.#nextBookmark) {
      this.#nextBookmark = this.#bookmarkAfter(now);
      this.#bookmark();
    }
    if (now >= this.#deadline) this.end(undefined);
  }

  /** Writes what comes first, then what has waited behind it, as fast as the client takes it. */
  #pump(): void {
    while (this.#sink !== undefined && this.#hasRoom) {
      const frame = this.#next();
      if (frame === undefined) {
        if (this.#endingSince !== undefined) this.#close("done");
        return;
      }
      this.#hasRoom = this.#sink.write(frame) === "room";
    }
  }

  #next(): Uint8Array | undefined {
    const { done, value } = this.#initial?.next() ?? { done: true };
    if (done !== true) return value;
    this.#initial = undefined;
    const frame = this.#waiting?.shift();
    if (frame === undefined) this.#waiting = undefined;
    else this.#waitingBytes -= frame.length;
    return frame;
  }

  #bookmarkAfter(now: number): number {
    const beforeEnd = this.#deadline - bookmarkBeforeEndMs;
    return now < beforeEnd ? Math.min(now + bookmarkEveryMs, beforeEnd) : Number.POSITIVE_INFINITY;
  }

  /** Never below what was asked for: a watch from the future is told nothing before that. */
  #bookmark(): void {
    const { resourceVersion: reached, form, knownPast } = this.#cache;
    if (reached === undefined || form === undefined || knownPast === undefined) return;
    // Who waits for what lies before the state has been told no more than was told of that.
    const version = reached === this.#position ? reached : knownPast.replayedTo;
    if (compareResourceVersion(version, this.#position) < 0) return;
    this.#position = version;
    this.#send(this.#cache.scope.codec.bookmark(form, version, false));
  }

  #send(frame: Uint8Array): void {
    if (this.#isOver || this.#endingSince !== undefined) return;
    const isNext = this.#initial === undefined && this.#waiting === undefined;
    if (isNext && this.#hasRoom && this.#sink !== undefined) {
      this.#hasRoom = this.#sink.write(frame) === "room";
      return;
    }
    this.#waiting ??= [];
    this.#waiting.push(frame);
    this.#waitingBytes += frame.length;
    if (this.#waitingBytes > this.#context.bufferBytes()) this.#close("slow");
  }

  /** The client does not read the end of its watch either. */
  #giveUp(): void {
    const sink = this.#sink;
    this.#sink = undefined;
    this.#close("slow");
    sink?.destroy();
  }

  /** Ends the watch, cleanly in either case: what waits for a slow client is lost, and it resumes from what it has. */
  #close(why: "done" | "slow"): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cache.unsubscribe(this);
    this.#waiting = undefined;
    this.#initial = undefined;
    this.#context.watches.ended(this, why);
    this.#sink?.end();
    this.#sink = undefined;
  }
}
