import { compareResourceVersion, type ResourceVersion } from "../api/resource-version.ts";
import type { Status } from "../api/status.ts";
import type { Frames } from "../cache/frames.ts";
import { isInside, type LostInterval } from "../cache/lost-interval.ts";
import type { WatchCache, Watcher } from "../cache/watch-cache.ts";
import type { RuleSet } from "../rules/rule-set.ts";
import { headPadding, headPaddingMs } from "../upstream/forward.ts";
import { frameFor, type Sight } from "./filter.ts";
import type { Listener } from "./parts.ts";
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
  /** Whose watch it is, and on which listener. */
  readonly request: Request;
  readonly listener: Listener;
}

/** What all watches share. */
export interface WatchContext {
  readonly watches: Watches;
  readonly now: () => number;
  /** Bytes that may wait for a slow client. */
  readonly bufferBytes: () => number;
}

/** As an apiserver: about once a minute, and once 2 s before the deadline (cacher/cache_watcher.go nextBookmarkTime). */
const bookmarkEveryMs = 60_000;
const bookmarkBeforeEndMs = 2000;
/** A client that has not read the end of its watch by then does not read at all. */
const drainMs = 10_000;
/**
 * What Bun holds for the socket, in blocks of 4 KiB; what is more waits with us, by reference, and counts. Bun takes a buffer
 * of as many bytes as the mark says for each stream at once: 4 KiB from a mark of 4,096 on.
 */
const queuing: QueuingStrategy<Uint8Array> = {
  highWaterMark: 16,
  size: (chunk) => 1 + ((chunk?.length ?? 0) >> 12),
};

/**
 * One client's watch: what comes first, as fast as the client reads it, then the changes that it selects, in rising order.
 * Frames are shared by reference; a client that is slow by more than its bytes is ended cleanly and may resume.
 */
export class WatchStream implements Watcher {
  readonly body: ReadableStream<Uint8Array>;
  readonly #context: WatchContext;
  readonly #cache: WatchCache;
  readonly #read: ReadRequest;
  readonly #sight: Sight | undefined;
  readonly #request: Request;
  readonly #listener: Listener;
  readonly #wantsBookmarks: boolean;
  readonly #deadline: number;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #position: ResourceVersion;
  /** Not read to its end yet: changes wait behind it. */
  #initial: Iterator<Uint8Array> | undefined;
  #waiting: Uint8Array[] | undefined;
  #waitingBytes = 0;
  #endingSince: number | undefined;
  #hasBegun = false;
  #nextBookmark: number;

  constructor(context: WatchContext, cache: WatchCache, options: WatchStreamOptions) {
    this.#context = context;
    this.#cache = cache;
    this.#read = options.read;
    this.#sight = options.sight;
    this.#request = options.request;
    this.#listener = options.listener;
    this.#wantsBookmarks = options.wantsBookmarks;
    this.#position = options.position;
    this.#initial = options.initial;
    const now = context.now();
    this.#deadline = now + options.deadlineMs;
    this.#nextBookmark = this.#bookmarkAfter(now);
    // It is its own source: a watcher costs no closures.
    this.body = new ReadableStream<Uint8Array>(this, queuing);
    cache.subscribe(this);
    context.watches.add(this);
    this.#begin();
  }

  /** Called by the stream. */
  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
  }

  /** Called by the stream when it can take more: with what comes first, then with what has waited behind it. */
  pull(): void {
    const controller = this.#controller;
    while (controller !== undefined && (controller.desiredSize ?? 0) > 0) {
      const frame = this.#next();
      if (frame === undefined) {
        if (this.#endingSince !== undefined) this.#close("done");
        return;
      }
      this.#hasBegun = true;
      controller.enqueue(frame);
    }
  }

  /** Called by the stream when the client has gone. */
  cancel(): void {
    this.#close("done");
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
    const userAgent = this.#request.headers.get("user-agent") ?? "";
    const view = rules.viewOf({ ...info, userAgent, labelSelector: scope.labelSelector });
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
      if (now - this.#endingSince > drainMs) this.#close("slow");
      return;
    }
    if (this.#wantsBookmarks && now >= this.#nextBookmark) {
      this.#nextBookmark = this.#bookmarkAfter(now);
      this.#bookmark();
    }
    if (now >= this.#deadline) this.end(undefined);
  }

  /** The first group at once, so that a head and what is there go out together; else what brings the head alone. */
  #begin(): void {
    this.pull();
    if (this.#hasBegun) return;
    if (this.#cache.scope.codec.format === "json")
      setTimeout(() => {
        if (!this.#hasBegun) this.#send(headPadding);
      }, headPaddingMs);
    else this.#headBookmark();
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

  /** Protobuf cannot be padded: a bookmark at the version that was asked for brings the head (CONTRACT 13). */
  #headBookmark(): void {
    const { form } = this.#cache;
    if (!this.#wantsBookmarks || form === undefined) return;
    this.#send(this.#cache.scope.codec.bookmark(form, this.#position, false));
  }

  #send(frame: Uint8Array): void {
    const controller = this.#controller;
    if (controller === undefined || this.#endingSince !== undefined) return;
    this.#hasBegun = true;
    const isFree = this.#initial === undefined && this.#waiting === undefined;
    if (isFree && (controller.desiredSize ?? 0) > 0) return controller.enqueue(frame);
    this.#waiting ??= [];
    this.#waiting.push(frame);
    this.#waitingBytes += frame.length;
    if (this.#waitingBytes > this.#context.bufferBytes()) this.#close("slow");
  }

  #close(why: "done" | "slow"): void {
    const controller = this.#controller;
    if (controller === undefined) return;
    this.#controller = undefined;
    this.#cache.unsubscribe(this);
    this.#waiting = undefined;
    this.#initial = undefined;
    try {
      controller.close();
    } catch {
      // The client was faster: a stream that it has cancelled is closed.
    }
    this.#context.watches.ended(this, why);
    if (why === "slow") this.#listener.drop(this.#request);
  }
}
