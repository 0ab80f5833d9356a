import type { Item } from "../api/item.ts";
import {
  compareResourceVersion,
  parseResourceVersion,
  type ResourceVersion,
} from "../api/resource-version.ts";
import { allocateOwn, type WireEvent } from "../codec/codec.ts";
import { isStream } from "./lister-watcher.ts";
import { RefusedError, WatchError } from "./reflector-errors.ts";
import type { Source } from "./reflector-source.ts";
import type { WatchCache } from "./watch-cache.ts";

/** How a scope stands to what upstream has. `another history`: upstream is behind it, and can only be another one (CONTRACT 17). */
export type Standing = "up to date" | "behind" | "another history";

export interface CatchUpParts {
  readonly cache: WatchCache;
  readonly source: Source;
  /** The resourceVersion of a consistent LIST of the scope's own resource; it makes upstream's own cache move (CONTRACT 5). */
  readonly latest: () => Promise<ResourceVersion>;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** A second watch of this length brings a bookmark at its end, one of another length none, or a later one (CONTRACT 5, measured). */
const watchSeconds = 3;
/** What has not come by then does not come. */
const limitMs = 8000;
const attempts = 2;

/**
 * Brings a scope to what upstream has at this moment: a consistent `limit=1` LIST says how far that is, a short second watch
 * brings all up to there and a bookmark. Rejects when upstream does not answer. (CONTRACT 5, 6, 17)
 */
export async function catchUp(parts: CatchUpParts): Promise<Standing> {
  const { cache } = parts;
  const latest = await parts.latest();
  const { resourceVersion } = cache;
  if (resourceVersion === undefined) return "behind";
  if (compareResourceVersion(latest, resourceVersion) < 0) return "another history";
  for (let count = 0; count < attempts && !cache.has(latest); count++) await watchOnce(parts);
  return cache.has(latest) ? "up to date" : "behind";
}

async function watchOnce({ cache, source, now, signal }: CatchUpParts): Promise<void> {
  const { resourceVersion } = cache;
  if (resourceVersion === undefined) return;
  const cut = new AbortController();
  const late = setTimeout(() => cut.abort(new Error("a catch-up took too long")), limitMs);
  const attempt = {
    signal: AbortSignal.any([signal, cut.signal]),
    cut: (reason: Error) => cut.abort(reason),
  };
  try {
    const start = { from: "resourceVersion", resourceVersion } as const;
    const answer = await source.watch(start, attempt, watchSeconds);
    if (!isStream(answer)) throw new RefusedError(answer);
    const take = (event: WireEvent) => merge(cache, source.readItem, event, now());
    await source.readEvents(answer.body, allocateOwn, attempt, take);
  } finally {
    clearTimeout(late);
  }
}

/** What the main watch has told, or will tell again, changes nothing: a cache takes each version once. */
function merge(
  cache: WatchCache,
  read: (bytes: Uint8Array) => Item,
  event: WireEvent,
  now: number,
): void {
  switch (event.type) {
    case "ERROR":
      throw new WatchError(event.code, event.message);
    case "BOOKMARK":
      cache.bookmark(parseResourceVersion(event.resourceVersion), now);
      return;
    case "ADDED":
    case "MODIFIED":
    case "DELETED":
      cache.apply([{ type: event.type, item: read(event.bytes) }], now);
  }
}
