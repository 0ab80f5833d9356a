import {
  compareResourceVersion,
  parseResourceVersion,
  type ResourceVersion,
} from "../api/resource-version.ts";
import { allocateOwn, type WireEvent } from "../codec/codec.ts";
import { pause } from "./backoff.ts";
import { isStream } from "./lister-watcher.ts";
import { RefusedError, WatchError } from "./reflector-errors.ts";
import { applyCounted } from "./reflector-feed.ts";
import type { Source } from "./reflector-source.ts";
import type { Tally } from "./tally.ts";
import type { WatchCache } from "./watch-cache.ts";

/**
 * How a scope stands to what upstream has. `another history`: upstream is behind it, and can only be another one (CONTRACT 17).
 * `not shown`: no watch told whether anything is lacking. `behind`: nobody asked a watch, or the scope was filled anew meanwhile.
 */
export type Standing = "up to date" | "behind" | "not shown" | "another history";

export interface CatchUpParts {
  readonly cache: WatchCache;
  readonly source: Source;
  /** The resourceVersion of a consistent LIST of the scope's own resource; it makes upstream's own cache move (CONTRACT 5). */
  readonly latest: () => Promise<ResourceVersion>;
  /** How many second watches it may cost; with none the LIST alone tells another history. */
  readonly watches: number;
  readonly now: () => number;
  readonly tally: Tally;
  readonly signal: AbortSignal;
}

/** A second watch of this length brings a bookmark at its end, one of another length none, or a later one (CONTRACT 5, measured). */
const watchSeconds = 3;
/** What has not come by then does not come. */
const limitMs = 8000;
/**
 * A watch brings no bookmark of the RV that the resource's last event before it had, whoever that event was of (m, 1.33 and
 * 1.37; cacher/cache_watcher.go processInterval): after one in vain the next has to wait until something is written anywhere.
 * An apiserver renews its own lease every 10 s.
 */
const movesWithinMs = 11_000;
const askAgainMs = 1000;

/**
 * Brings a scope to what upstream has at this moment: a consistent `limit=1` LIST says how far that is, a short second watch
 * brings all up to there and a bookmark. Rejects when upstream does not answer. (CONTRACT 5, 6, 17)
 */
export async function catchUp(parts: CatchUpParts): Promise<Standing> {
  const { cache, watches, now, signal } = parts;
  let vain: { readonly latest: ResourceVersion; readonly at: number } | undefined;
  for (let left = watches; !signal.aborted;) {
    const latest = await askLatest(parts);
    if (typeof latest !== "object") return latest;
    if (cache.has(latest.is)) return "up to date";
    if (left === 0) return vain === undefined ? "behind" : "not shown";
    if (vain?.latest === latest.is) {
      if (now() - vain.at >= movesWithinMs) return "not shown";
      await pause(askAgainMs, signal);
      continue;
    }
    await watchUntil(latest.is, parts);
    if (cache.has(latest.is)) return "up to date";
    vain = { latest: latest.is, at: now() };
    left--;
  }
  return "behind";
}

/** How far upstream is; or what that says of the scope at once. */
async function askLatest({
  cache,
  latest,
}: CatchUpParts): Promise<{ readonly is: ResourceVersion } | "behind" | "another history"> {
  // Of the moment before the LIST: while that is under way the main watch may go past its answer.
  const before = cache.resourceVersion;
  if (before === undefined) return "behind";
  const is = await latest();
  const { resourceVersion } = cache;
  // Within one history it never goes back: it was filled anew meanwhile.
  if (resourceVersion === undefined || compareResourceVersion(resourceVersion, before) < 0)
    return "behind";
  return compareResourceVersion(is, before) < 0 ? "another history" : { is };
}

/** Takes what a second watch brings until the scope is there, by that watch or by its own. */
async function watchUntil(latest: ResourceVersion, parts: CatchUpParts): Promise<void> {
  const { cache, source, signal } = parts;
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
    const take = (event: WireEvent) => merge(parts, event);
    await source.readEvents(answer.body, allocateOwn, attempt, take);
  } catch (error) {
    if (signal.aborted || !over.signal.aborted) throw error;
  }
}

/** What the main watch has told, or will tell again, changes nothing: a cache takes each version once. */
function merge({ cache, source, tally, now }: CatchUpParts, event: WireEvent): void {
  switch (event.type) {
    case "ERROR":
      throw new WatchError(event.code, event.message);
    case "BOOKMARK":
      cache.bookmark(parseResourceVersion(event.resourceVersion), now());
      return;
    case "ADDED":
    case "MODIFIED":
    case "DELETED":
      applyCounted(cache, [{ type: event.type, item: source.readItem(event.bytes) }], tally, now());
  }
}
