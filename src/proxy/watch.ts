import type { ResourceVersion } from "../api/resource-version.ts";
import { isSameSelection, type Selection, selects } from "../api/selection.ts";
import type { LiveScope } from "../cache/watch-caches.ts";
import { cacheHeaders } from "./cache-headers.ts";
import type { WatchView } from "./decide.ts";
import { shownAs } from "./filter.ts";
import type { ReadRequest } from "./read-request.ts";
import { WatchStream } from "./watch-stream.ts";

/** The watches that are open, and what they need from time to time. */
export class Watches {
  #streams = new Set<WatchStream>();
  #slow = 0;

  get count(): number {
    return this.#streams.size;
  }

  /** How many were ended because their client did not keep up. */
  get slowCount(): number {
    return this.#slow;
  }

  add(stream: WatchStream): void {
    this.#streams.add(stream);
  }

  ended(stream: WatchStream | undefined, why: "done" | "slow"): void {
    if (stream !== undefined) this.#streams.delete(stream);
    if (why === "slow") this.#slow++;
  }

  /** Called about once a second. */
  tick(now: number): void {
    for (const stream of this.#streams) stream.tick(now);
  }

  /** Ends all politely. */
  endAll(): void {
    for (const stream of this.#streams) stream.end(undefined);
  }
}

export interface WatchContext {
  readonly watches: Watches;
  readonly watchBufferBytes: number;
  readonly now: () => number;
  /** Called when a client did not keep up: its connection must not stay. */
  readonly drop: () => void;
}

/** The WATCH's answer from the scope; undefined when the scope's history does not reach back. */
export function watchFrom(
  context: WatchContext,
  live: LiveScope,
  read: ReadRequest,
  view: WatchView,
): Response | undefined {
  const { cache } = live;
  const reached = cache.resourceVersion;
  if (reached === undefined) return undefined;
  const selection = isSameSelection(read.scope, cache.scope) ? undefined : read.scope;
  const position = view.begin === "after" ? view.resourceVersion : reached;
  const initial = initialFrames(live, read, view, selection);
  if (initial === undefined) return undefined;
  const stream: WatchStream = new WatchStream(cache, {
    selection,
    position,
    initial: initial[Symbol.iterator](),
    deadlineMs: deadlineOf(read),
    wantsBookmarks: read.options.allowWatchBookmarks,
    bufferBytes: context.watchBufferBytes,
    onEnd: (why) => {
      context.watches.ended(stream, why);
      if (why === "slow") context.drop();
    },
    now: context.now,
  });
  context.watches.add(stream);
  return new Response(stream.body, {
    headers: cacheHeaders[read.format].watch,
  });
}

/** In milliseconds: what is asked for, else random in [1800, 3600) s (apiserver, endpoints/handlers/get.go). */
function deadlineOf({ options }: ReadRequest): number {
  const asked = options.timeoutSeconds ?? 0;
  if (asked !== 0) return Math.max(0, asked) * 1000;
  return (1800 + Math.random() * 1800) * 1000;
}

/** What is sent first: the current state and the bookmark that ends it, or what has changed since. */
function initialFrames(
  live: LiveScope,
  read: ReadRequest,
  view: WatchView,
  selection: Selection | undefined,
): Iterable<Uint8Array> | undefined {
  switch (view.begin) {
    case "initial events":
      return stateFrames(live, read, selection);
    case "latest":
      return [];
    case "after":
      return changeFrames(live, view.resourceVersion, selection);
  }
}

/** The state as it is now, frame by frame as they are asked for: the items are held, not copied. */
function stateFrames(
  { cache }: LiveScope,
  read: ReadRequest,
  selection: Selection | undefined,
): Iterable<Uint8Array> {
  const { store, form, resourceVersion, scope } = cache;
  if (store === undefined || form === undefined || resourceVersion === undefined) return [];
  const items = [...store.items(read.scope.namespace)].filter(
    (item) => selection === undefined || selects(selection, item),
  );
  const { codec } = scope;
  return (function* frames() {
    for (const item of items) yield codec.event("ADDED", form, item.bytes);
    if (read.options.allowWatchBookmarks) yield codec.bookmark(form, resourceVersion, true);
  })();
}

function changeFrames(
  { cache }: LiveScope,
  resourceVersion: ResourceVersion,
  selection: Selection | undefined,
): readonly Uint8Array[] | undefined {
  const reach = selection === undefined ? "whole scope" : "narrower";
  const changes = cache.changesAfter(resourceVersion, reach);
  if (changes === undefined) return undefined;
  const frames: Uint8Array[] = [];
  for (const event of changes) {
    const shown = shownAs(event, selection);
    if (shown !== undefined) frames.push(cache.frames(event).as(shown));
  }
  return frames;
}
