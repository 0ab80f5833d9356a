import { compareResourceVersion, type ResourceVersion } from "../api/resource-version.ts";
import type { Selection } from "../api/selection.ts";
import type { Status } from "../api/status.ts";
import type { Frames } from "../cache/frames.ts";
import type { WatchCache, Watcher } from "../cache/watch-cache.ts";
import { headPaddingMs } from "../upstream/forward.ts";
import { shownAs } from "./filter.ts";

export interface WatchStreamOptions {
  /** What of the scope is shown; undefined for all of it. */
  readonly selection: Selection | undefined;
  /** Nothing at or below it is sent. */
  readonly position: ResourceVersion;
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
const padding = new Uint8Array([0x20]);
const byteLength = { size: (chunk: Uint8Array | undefined) => chunk?.length ?? 0 };

/**
 * One client's watch: takes changes, shows those that the client selects, in rising order. Frames are shared by reference;
 * a client that is slow by more than its bytes is ended cleanly and may resume.
 */
export class WatchStream implements Watcher {
  readonly body: ReadableStream<Uint8Array>;
  readonly #cache: WatchCache;
  readonly #options: WatchStreamOptions;
  readonly #deadline: number;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #unsubscribe: () => void = () => undefined;
  #position: ResourceVersion;
  #hasBegun = false;
  #nextBookmark: number;

  constructor(cache: WatchCache, options: WatchStreamOptions) {
    this.#cache = cache;
    this.#options = options;
    this.#position = options.position;
    const now = options.now();
    this.#deadline = now + options.deadlineMs;
    this.#nextBookmark = this.#bookmarkAfter(now);
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        cancel: () => this.#close("done"),
      },
      { highWaterMark: options.bufferBytes, ...byteLength },
    );
  }

  /** Sends what comes first, then all changes from here on. */
  begin(initial: Iterable<Uint8Array>): void {
    for (const frame of initial) this.#initial(frame);
    if (this.#controller === undefined) return;
    this.#unsubscribe = this.#cache.subscribe(this);
    if (!this.#hasBegun && this.#cache.scope.codec.format === "json")
      setTimeout(() => this.#pad(), headPaddingMs);
    if (!this.#hasBegun && this.#cache.scope.codec.format === "protobuf") this.#headBookmark();
  }

  deliver(frames: Frames): void {
    const { event } = frames;
    const version = event.item.resourceVersion;
    if (compareResourceVersion(version, this.#position) <= 0) return;
    this.#position = version;
    const shown = shownAs(event, this.#options.selection);
    if (shown !== undefined) this.#send(frames.as(shown));
  }

  end(status: Status | undefined): void {
    if (status !== undefined) this.#send(this.#cache.scope.codec.error(status));
    this.#close("done");
  }

  /** Called about once a second: bookmarks and the deadline. */
  tick(now: number): void {
    if (this.#options.wantsBookmarks && now >= this.#nextBookmark) {
      this.#nextBookmark = this.#bookmarkAfter(now);
      this.#bookmark();
    }
    if (now >= this.#deadline) this.#close("done");
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

  #pad(): void {
    if (!this.#hasBegun) this.#send(padding);
  }

  /** Initial events are the client's own wish and as many as there are objects: they do not count as slowness. */
  #initial(frame: Uint8Array): void {
    this.#hasBegun = true;
    this.#controller?.enqueue(frame);
  }

  #send(frame: Uint8Array): void {
    const controller = this.#controller;
    if (controller === undefined) return;
    this.#hasBegun = true;
    if ((controller.desiredSize ?? 0) < 0) return this.#close("slow");
    controller.enqueue(frame);
  }

  #close(why: "done" | "slow"): void {
    const controller = this.#controller;
    if (controller === undefined) return;
    this.#controller = undefined;
    this.#unsubscribe();
    try {
      controller.close();
    } catch {
      // The client was faster: a stream that it has cancelled is closed.
    }
    this.#options.onEnd(why);
  }
}
