import type { ResourceVersion } from "../api/resource-version.ts";
import { expired, type StatusError } from "../api/status.ts";
import type { LiveScope } from "../cache/watch-caches.ts";
import { earlyByteOf } from "../codec/early-byte.ts";
import type { Answer } from "../http/answer.ts";
import { cacheHeaders } from "./cache-headers.ts";
import type { WatchView } from "./decide.ts";
import { frameFor, sees, type Sight, sightOf } from "./filter.ts";
import type { ReadRequest } from "./read-request.ts";
import type { Reading } from "./reading.ts";
import { type WatchContext, WatchStream } from "./watch-stream.ts";

/** The WATCH's answer from the scope; undefined when the scope's history does not reach back. */
export function watchFrom(
  context: WatchContext,
  live: LiveScope,
  { read, head }: Reading,
  view: WatchView,
): Answer | undefined {
  const { cache } = live;
  const reached = cache.resourceVersion;
  if (reached === undefined) return undefined;
  const sight = sightOf(live, read);
  const position = view.begin === "after" ? view.resourceVersion : reached;
  if (cache.isLost(position) || cache.isOfFormerHistory(position)) return expiredWatch(live, read);
  const initial = initialFrames(live, read, view, sight);
  if (initial === undefined) return undefined;
  const body = new WatchStream(context, cache, {
    read,
    sight,
    position,
    initial: initial[Symbol.iterator](),
    deadlineMs: deadlineOf(read),
    wantsBookmarks: read.options.allowWatchBookmarks,
    userAgent: head.userAgent,
  });
  const early = earlyByteOf(read.format);
  return { status: 200, headers: cacheHeaders[read.format].watch, body, early };
}

/** The 410 of a read from before what the scope knows. */
export function tooOld({ cache }: LiveScope, { options }: ReadRequest): StatusError {
  const reached = cache.resourceVersion ?? "0";
  return expired(`too old resource version: ${options.resourceVersion} (${reached})`);
}

/** A watch whose history is gone: a 200 that says 410, as an apiserver's (cacher.go, newErrWatcher). */
export function expiredWatch(live: LiveScope, read: ReadRequest): Answer {
  const { status } = tooOld(live, read);
  const body = live.cache.scope.codec.error(status);
  return { status: 200, headers: cacheHeaders[read.format].watch, body };
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
  sight: Sight | undefined,
): Iterable<Uint8Array> | undefined {
  switch (view.begin) {
    case "initial events":
      return stateFrames(live, read, sight);
    case "latest":
      return [];
    case "after":
      return changeFrames(live, view.resourceVersion, sight);
  }
}

/** The state as it is now, frame by frame as they are asked for: the items are held, not copied. */
function stateFrames(
  { cache }: LiveScope,
  read: ReadRequest,
  sight: Sight | undefined,
): Iterable<Uint8Array> {
  const { store, form, resourceVersion, scope } = cache;
  if (store === undefined || form === undefined || resourceVersion === undefined) return [];
  const items = [...store.items(read.scope.namespace)].filter(
    (item) => sight === undefined || sees(sight, item),
  );
  const { codec } = scope;
  return (function* frames() {
    for (const { namespace, bytes } of items) {
      const seen = sight?.view?.eventBytes(codec, namespace, bytes) ?? bytes;
      yield codec.event("ADDED", form, seen);
    }
    if (read.options.allowWatchBookmarks) yield codec.bookmark(form, resourceVersion, true);
  })();
}

function changeFrames(
  { cache }: LiveScope,
  resourceVersion: ResourceVersion,
  sight: Sight | undefined,
): readonly Uint8Array[] | undefined {
  const reach = sight === undefined ? "whole scope" : "narrower";
  const changes = cache.changesAfter(resourceVersion, reach);
  if (changes === undefined) return undefined;
  const frames: Uint8Array[] = [];
  for (const event of changes) {
    const frame = frameFor(cache.frames(event), sight);
    if (frame !== undefined) frames.push(frame);
  }
  return frames;
}
