import { StatusError, tooLargeResourceVersion } from "../api/status.ts";
import type { LiveScope } from "../cache/watch-caches.ts";
import { decideGet, decideList, decideWatch } from "./decide.ts";
import { getFrom } from "./get.ts";
import { listFrom } from "./list.ts";
import { markStale } from "./marks.ts";
import type { ProxyParts } from "./parts.ts";
import type { ReadRequest } from "./read-request.ts";
import type { Reading } from "./reading.ts";
import type { WatchContext } from "./watch-stream.ts";
import { expiredWatch, tooOld, watchFrom } from "./watch.ts";

/** Whether nothing but what is known can answer: upstream did not. What upstream itself answers is no such error. */
export function isUnreachable(error: unknown): error is StatusError {
  return error instanceof StatusError && [502, 503, 504].includes(error.status.code);
}

/**
 * The answer from the last known state, for when upstream does not answer (DESIGN 1): marked as such, with its age. Undefined
 * where the scope was never seen: an unknown list is not an empty one. Rejects with what an apiserver that has only this
 * state would say: 504 for a version that it has not reached, 410 for one that it has forgotten.
 */
export async function answerStale(
  parts: ProxyParts,
  context: WatchContext,
  reading: Reading,
): Promise<Response | undefined> {
  for (const read of [reading.read, reading.read.inJson]) {
    if (read === undefined) continue;
    const live = await lastKnown(parts, read);
    if (live === undefined) continue;
    const answer = answerFrom(parts, context, { ...reading, read }, live);
    if (answer === undefined) continue;
    live.hits++;
    return markStale(parts, live, reading.head, answer);
  }
  return undefined;
}

/** The scope that holds it, from memory or else from disk. */
async function lastKnown(parts: ProxyParts, read: ReadRequest): Promise<LiveScope | undefined> {
  const live = parts.caches.find(read.scope);
  if (live?.cache.isFilled === true) return live;
  const stored = await parts.disk?.covering(read.scope);
  if (stored === undefined) return undefined;
  const started = parts.caches.start(stored);
  await started.reflector.firstAttempt;
  return started.cache.isFilled ? started : undefined;
}

function answerFrom(
  parts: ProxyParts,
  context: WatchContext,
  reading: Reading,
  live: LiveScope,
): Response | undefined {
  const { read } = reading;
  const { options } = read;
  if (read.verb === "get") {
    checkReached(live, decideGet(options.resourceVersion, "any"));
    return getFrom(live, read);
  }
  if (read.verb === "list") {
    const view = decideList(options, "any", read.scope.namespace);
    if (view === undefined) return undefined;
    if (view.state === "latest") checkReached(live, view.freshness);
    const answer = listFrom(parts, live, read, view);
    if (answer === undefined) throw tooOld(live, read);
    return answer;
  }
  const view = decideWatch(options, "any");
  if (view === undefined) return undefined;
  if (view.begin !== "after") checkReached(live, view.freshness);
  reading.listener.keepOpen(reading.request);
  return watchFrom(context, live, reading, view) ?? expiredWatch(live, read);
}

/** Only upstream could ever show it, and waiting for it would be in vain: without `Retry-After` (CONTRACT 5, 11). */
function checkReached({ cache }: LiveScope, freshness: ReturnType<typeof decideGet>): void {
  if (freshness?.kind !== "at least" || cache.has(freshness.resourceVersion)) return;
  const { status } = tooLargeResourceVersion(
    freshness.resourceVersion,
    cache.resourceVersion ?? "0",
  );
  const { retryAfterSeconds: _, ...details } = status.details ?? {};
  throw new StatusError({ ...status, details });
}
