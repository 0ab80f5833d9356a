import { StatusError, tooLargeResourceVersion } from "../api/status.ts";
import type { LiveScope } from "../cache/watch-caches.ts";
import type { Answer } from "../http/answer.ts";
import { decideGet, decideList, decideWatch } from "./decide.ts";
import { getFrom } from "./get.ts";
import { listFrom } from "./list.ts";
import { markStale, warnedAnswer } from "./marks.ts";
import type { ProxyParts } from "./parts.ts";
import type { ReadRequest } from "./read-request.ts";
import type { Reading } from "./reading.ts";
import type { WatchContext } from "./watch-stream.ts";
import { expiredWatch, tooOld, watchFrom } from "./watch.ts";

/** Whether nothing but what is known can answer: upstream did not. What upstream itself answers is no such error. */
export function isUnreachable(error: unknown): error is StatusError {
  return error instanceof StatusError && [502, 503, 504].includes(error.status.code);
}

/** Why a scope cannot answer although it covers what is asked for: another may. */
interface Refusal {
  readonly live: LiveScope;
  readonly read: ReadRequest;
  readonly error: StatusError;
}

/**
 * The answer from the last known state, for when upstream does not answer (DESIGN 1): marked as such, with its age. Undefined
 * where the scope was never seen: an unknown list is not an empty one. Rejects with what an apiserver that has only this
 * state would say: 504 for a version that it has not reached, 410 for one that it has forgotten. All scopes that cover it are
 * asked, since one may remember what another has forgotten.
 */
export async function answerStale(
  parts: ProxyParts,
  context: WatchContext,
  reading: Reading,
): Promise<Answer | undefined> {
  let refusal: Refusal | undefined;
  for (const read of [reading.read, reading.read.inJson]) {
    if (read === undefined) continue;
    for await (const live of lastKnown(parts, read)) {
      const answer = answerFrom(parts, context, { ...reading, read }, live);
      if (answer instanceof StatusError) refusal ??= { live, read, error: answer };
      else if (answer !== undefined) return given(parts, reading, live, answer);
    }
  }
  if (refusal === undefined) return undefined;
  const { live, read, error } = refusal;
  if (read.verb !== "watch" || error.status.code !== 410) throw error;
  return given(parts, reading, live, expiredWatch(live, read));
}

/** Counted, and marked unless it is a past state: that is what it is, however long upstream has been away. */
function given(
  parts: ProxyParts,
  { read, head }: Reading,
  live: LiveScope,
  answer: Answer,
): Answer {
  live.hits++;
  const warned = warnedAnswer(live, answer);
  const { options, scope } = read;
  const view = read.verb === "list" ? decideList(options, "any", scope.namespace) : undefined;
  return view?.state === "exactly" ? warned : markStale(parts, live, head, warned);
}

/** The scopes that hold it, the best first: from memory, then from disk. */
export async function* lastKnown(
  parts: ProxyParts,
  { scope }: ReadRequest,
): AsyncGenerator<LiveScope> {
  const best = parts.caches.find(scope);
  const told = new Set<LiveScope>();
  for (const live of [best, ...parts.caches.covering(scope)]) {
    if (live === undefined || !live.cache.isFilled || told.has(live)) continue;
    told.add(live);
    yield live;
  }
  for (const stored of (await parts.disk?.covering(scope)) ?? []) {
    const live = parts.caches.start(stored);
    await live.reflector.firstAttempt;
    if (live.cache.isFilled && !told.has(live)) yield live;
  }
}

function answerFrom(
  parts: ProxyParts,
  context: WatchContext,
  reading: Reading,
  live: LiveScope,
): Answer | StatusError | undefined {
  const { read } = reading;
  const { options } = read;
  if (read.verb === "get")
    return notReached(live, decideGet(options.resourceVersion, "any")) ?? getFrom(live, read);
  if (read.verb === "list") {
    const view = decideList(options, "any", read.scope.namespace);
    if (view === undefined) return undefined;
    const refused = view.state === "latest" ? notReached(live, view.freshness) : undefined;
    return refused ?? listFrom(parts, live, read, view) ?? tooOld(live, read);
  }
  const view = decideWatch(options, "any");
  if (view === undefined) return undefined;
  const refused = view.begin === "after" ? undefined : notReached(live, view.freshness);
  if (refused !== undefined) return refused;
  return watchFrom(context, live, reading, view) ?? tooOld(live, read);
}

/** Only upstream could ever show it, and waiting for it would be in vain: without `Retry-After` (CONTRACT 5, 11). */
function notReached(
  { cache }: LiveScope,
  freshness: ReturnType<typeof decideGet>,
): StatusError | undefined {
  if (freshness?.kind !== "at least" || cache.has(freshness.resourceVersion)) return undefined;
  const { status } = tooLargeResourceVersion(
    freshness.resourceVersion,
    cache.resourceVersion ?? "0",
  );
  const { retryAfterSeconds: _, ...details } = status.details ?? {};
  return new StatusError({ ...status, details });
}
