import { compareResourceVersion, type ResourceVersion } from "../api/resource-version.ts";
import type { Selection } from "../api/selection.ts";
import type { Status } from "../api/status.ts";
import type { Frames } from "../cache/frames.ts";
import type { WatchCache, Watcher } from "../cache/watch-cache.ts";
import { headPadding, headPaddingMs } from "../upstream/forward.ts";
import { shownAs } from "./filter.ts";

export interface WatchStreamOptions {
  /** What of the scope is shown; undefined for all of it. */
  readonly selection: Selection | undefined;
  /** Nothing at or below it is sent, but what comes first. */
  readonly position: ResourceVersion;
  /** What is sent first, made as the client reads it. */
  readonly initial: Iterator<Uint8Array>;
  readonly deadlineMs: number;
  readonly wantsBookmarks: boolean;
  /** Bytes that may wait for a slow client. */
  readonly bufferBytes: number;
  /** Called once, when the stream has ended for whatever reason; `slow` when the client did not keep up. */
  readonly onEnd: (why: "done" | "slow") => void;
  readonly now: () => number;
}

/** As an apiserver: about once a minute, and once 2 s before the deadline (cacher/cache_watcher.go nextBookmarkTime). */
const bookmarkEveryMs = 60_000;
const bookmarkBeforeEndMs = 2000;
/** A client that has not read the end of its watch by then does not read at all. */
const drainMs = 10_000;
/** What Bun holds for the socket; what is more waits with us, by reference, and counts. */
const queuing: QueuingStrategy<Uint8Array> = {
  highWaterMark: 64 << 10,
  size: (chunk) => chunk?.length ?? 0,
};

/**
 * One client's watch: what comes first, as fast as the client reads it, then the changes that it selects, in rising order.
 * Frames are shared by reference; a client that is slow by more than its bytes is ended cleanly and may resume.
 */
export class WatchStream implements Watcher {
  readonly body: ReadableStream<Uint8Array>;
  readonly #cache: WatchCache;
  readonly #options: WatchStreamOptions;
  readonly #deadline: number;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #unsubscribe: () => void = () => undefined;
  #position: ResourceVersion;
  /** Not read to its end yet: changes wait behind it. */
  #initial: Iterator<Uint8Array> | undefined;
  #waiting: Uint8Array[] | undefined;
  #waitingBytes = 0;
  #endingSince: number | undefined;
  #hasBegun = false;
  #nextBookmark: number;

  constructor(cache: WatchCache, options: WatchStreamOptions) {
    this.#cache = cache;
    this.#options = options;
    this.#position = options.position;
    this.#initial = options.initial;
    const now = options.now();
    this.#deadline = now + options.deadlineMs;
    this.#nextBookmark = this.#bookmarkAfter(now);
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#pull(),
        cancel: () => this.#close("done"),
      },
      queuing,
    );
    this.#unsubscribe = cache.subscribe(this);
    this.#begin();
  }

  deliver(changes: readonly Frames[]): void {
    const version = changes[0]?.event.item.resourceVersion;
    if (version === undefined || compareResourceVersion(version, this.#position) <= 0) return;
    this.#position = version;
    for (const frames of changes) {
      const shown = shownAs(frames.event, this.#options.selection);
      if (shown !== undefined) this.#send(frames.as(shown));
    }
  }

  end(status: Status | undefined): void {
    if (status !== undefined) this.#send(this.#cache.scope.codec.error(status));
    this.#unsubscribe();
    this.#endingSince ??= this.#options.now();
    if (this.#waiting === undefined && this.#initial === undefined) this.#close("done");
  }

  /** Called about once a second: bookmarks and the deadline. */
  tick(now: number): void {
    if (this.#endingSince !== undefined) {
      if (now - this.#endingSince > drainMs) this.#close("slow");
      return;
    }
    if (this.#options.wantsBookmarks && now >= this.#nextBookmark) {
      this.#nextBookmark = this.#bookmarkAfter(now);
      this.#bookmark();
    }
    if (now >= this.#deadline) this.end(undefined);
  }

  /** The first group at once, so that a head and what is there go out together; else what brings the head alone. */
  #begin(): void {
    this.#pull();
    if (this.#hasBegun) return;
    if (this.#cache.scope.codec.format === "json")
      setTimeout(() => {
        if (!this.#hasBegun) this.#send(headPadding);
      }, headPaddingMs);
    else this.#headBookmark();
  }

  /** Fills what Bun holds: with what comes first, then with what has waited behind it. */
  #pull(): void {
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
    const { resourceVersion, form } = this.#cache;
    if (resourceVersion === undefined || form === undefined) return;
    if (compareResourceVersion(resourceVersion, this.#position) < 0) return;
    this.#position = resourceVersion;
    this.#send(this.#cache.scope.codec.bookmark(form, resourceVersion, false));
  }

  /** Protobuf cannot be padded: a bookmark at the version that was asked for brings the head (CONTRACT 13). */
  #headBookmark(): void {
    const { form } = this.#cache;
    if (!this.#options.wantsBookmarks || form === undefined) return;
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
    if (this.#waitingBytes > this.#options.bufferBytes) this.#close("slow");
  }

  #close(why: "done" | "slow"): void {
    const controller = this.#controller;
    if (controller === undefined) return;
    this.#controller = undefined;
    this.#unsubscribe();
    this.#waiting = undefined;
    this.#initial = undefined;
    try {
      controller.close();
    } catch {
      // The client was faster: a stream that it has cancelled is closed.
    }
    this.#options.onEnd(why);
  }
}
