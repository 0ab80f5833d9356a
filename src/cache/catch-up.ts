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
  /** How many second watches it may cost; with none the LIST alone tells another history. */
  readonly watches: number;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** A second watch of this length brings a bookmark at its end, one of another length none, or a later one (CONTRACT 5, measured). */
const watchSeconds = 3;
/** What has not come by then does not come. */
const limitMs = 8000;

/**
 * Brings a scope to what upstream has at this moment: a consistent `limit=1` LIST says how far that is, a short second watch
 * brings all up to there and a bookmark. Rejects when upstream does not answer. (CONTRACT 5, 6, 17)
 */
export async function catchUp(parts: CatchUpParts): Promise<Standing> {
  const { cache, watches } = parts;
  for (let count = 0; count < Math.max(1, watches); count++) {
    // Of the moment before the LIST: while that is under way the main watch may go past its answer.
    const before = cache.resourceVersion;
    if (before === undefined) return "behind";
    // Asked anew for each watch: none brings a bookmark of the RV that the resource's last event before it had, whatever that
    // event was of (m, 1.37; cacher/cache_watcher.go processInterval), and in a living cluster the next L is another one.
    const latest = await parts.latest();
    const { resourceVersion } = cache;
    // Within one history it never goes back: it was filled anew meanwhile.
    if (resourceVersion === undefined || compareResourceVersion(resourceVersion, before) < 0)
      return "behind";
    if (compareResourceVersion(latest, before) < 0) return "another history";
    if (watches > 0 && !cache.has(latest)) await watchUntil(latest, parts);
    if (cache.has(latest)) return "up to date";
  }
  return "behind";
}

/** Takes what a second watch brings until the scope is there, by that watch or by its own. */
async function watchUntil(latest: ResourceVersion, parts: CatchUpParts): Promise<void> {
  const { cache, source, now, signal } = parts;
  // From before the state where what lies there is still to be told: a watch tells all in its order.
  const resourceVersion = cache.knownPast?.replayedTo;
  if (resourceVersion === undefined) return;
  const over = new AbortController();
  void cache.waitUntilFresh(latest, limitMs).then(() => over.abort());
  const cut = (reason: Error) => over.abort(reason);
  const attempt = { signal: AbortSignal.any([signal, over.signal]), cut };
  try {
    const start = { from: "resourceVersion", resourceVersion } as const;
    const answer = await source.watch(start, attempt, watchSeconds);
    if (!isStream(answer)) throw new RefusedError(answer);
    const take = (event: WireEvent) => merge(cache, source.readItem, event, now());
    await source.readEvents(answer.body, allocateOwn, attempt, take);
  } catch (error) {
    if (signal.aborted || !over.signal.aborted) throw error;
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
