import { isResourceVersion } from "../api/resource-version.ts";
import type { LiveScope } from "../cache/watch-caches.ts";
import type { Answer } from "../http/answer.ts";
import {
  decideGet,
  decideList,
  decideWatch,
  type ListView,
  type ReadConsistency,
} from "./decide.ts";
import { isFresh, isFreshNow } from "./fresh.ts";
import { getFrom } from "./get.ts";
import { learnListForm } from "./list-form.ts";
import { listFrom } from "./list.ts";
import { markedAnswer, warnedAnswer } from "./marks.ts";
import type { ProxyParts } from "./parts.ts";
import type { ReadRequest } from "./read-request.ts";
import type { Reading } from "./reading.ts";
import type { RequestHead } from "./request-head.ts";
import type { WatchContext } from "./watch-stream.ts";
import { watchFrom } from "./watch.ts";

/** The answer of a GET or LIST that a live scope has ready; undefined when anything has to be waited for. */
export function answerAtOnce(parts: ProxyParts, read: ReadRequest, head: RequestHead) {
  if (read.verb === "watch" || head.isConditional) return undefined;
  const live = parts.caches.find(read.scope);
  if (live === undefined || !live.cache.isFilled) return undefined;
  // It was found a moment ago: reading the clock again and again is a good part of what a hit costs.
  const now = live.lastUsedMs;
  const consistency = consistencyOf(head, parts);
  if (read.verb === "get") {
    const freshness = decideGet(read.options.resourceVersion, consistency);
    if (freshness === undefined || !isFreshNow(parts, live, freshness, now)) return undefined;
    return given(parts, live, head, getFrom(live, read), undefined, now);
  }
  const view = decideList(read.options, consistency, read.scope.namespace);
  if (view === undefined || live.cache.listForm === undefined) return undefined;
  if (view.state === "latest" && !isFreshNow(parts, live, view.freshness, now)) return undefined;
  return given(parts, live, head, listFrom(parts, live, read, view), view, now);
}

/** Counted, and marked where it is the last known state only: a past one is what it is, however old the scope. */
function given(
  parts: ProxyParts,
  live: LiveScope,
  head: RequestHead,
  answer: Answer | undefined,
  view?: ListView,
  nowMs?: number,
): Answer | undefined {
  if (answer === undefined) return undefined;
  live.hits++;
  const warned = warnedAnswer(live, answer);
  return view?.state === "exactly" ? warned : markedAnswer(parts, live, head, warned, nowMs);
}

/** The answer from a scope, if need be after a wait; undefined when upstream has to give it. */
export async function answerRead(
  parts: ProxyParts,
  context: WatchContext,
  reading: Reading,
): Promise<Answer | undefined> {
  const { head } = reading;
  if (head.isConditional) return undefined;
  const consistency = consistencyOf(head, parts);
  const live = await readyScope(parts, reading.read);
  if (live === undefined) return undefined;
  return await answerFrom(parts, context, reading, live, consistency);
}

async function answerFrom(
  parts: ProxyParts,
  context: WatchContext,
  reading: Reading,
  live: LiveScope,
  consistency: ReadConsistency,
): Promise<Answer | undefined> {
  const { read, head } = reading;
  switch (read.verb) {
    case "get": {
      const freshness = decideGet(read.options.resourceVersion, consistency);
      if (freshness === undefined || !(await isFresh(parts, live, freshness))) return undefined;
      return given(parts, live, head, getFrom(live, read));
    }
    case "list": {
      const view = decideList(read.options, consistency, read.scope.namespace);
      if (view === undefined) return undefined;
      if (view.state === "latest" && !(await isFresh(parts, live, view.freshness)))
        return undefined;
      if (live.cache.listForm === undefined) await learnListForm(parts, live);
      if (live.cache.listForm === undefined) return undefined;
      return given(parts, live, head, listFrom(parts, live, read, view), view);
    }
    case "watch": {
      const view = decideWatch(read.options, consistency);
      if (view === undefined) return undefined;
      if (view.begin !== "after" && !(await isFresh(parts, live, view.freshness))) return undefined;
      return given(parts, live, head, watchFrom(context, live, reading, view));
    }
  }
}

/** The scope that answers, filled; started when this request makes it pay. */
async function readyScope(parts: ProxyParts, read: ReadRequest): Promise<LiveScope | undefined> {
  const live = parts.caches.find(read.scope) ?? startScope(parts, read);
  if (live === undefined || live.cache.isFilled) return live;
  return (await live.reflector.firstAttempt) === undefined && live.cache.isFilled
    ? live
    : undefined;
}

/** A WATCH starts its scope, and a LIST that comes a second time within the window. */
function startScope({ caches }: ProxyParts, read: ReadRequest): LiveScope | undefined {
  const { scope, options } = read;
  if (!caches.mayStart(scope)) return undefined;
  switch (read.verb) {
    case "get":
      return undefined;
    case "list":
      return caches.isSecondList(scope) ? caches.start(scope) : undefined;
    case "watch":
      return options.sendInitialEvents !== true && isResourceVersion(options.resourceVersion)
        ? caches.startForWatch(scope, options.resourceVersion)
        : caches.startForWatch(scope);
  }
}

function consistencyOf(head: RequestHead, { readConsistency }: ProxyParts): ReadConsistency {
  return head.wantsLatest ? "exact" : readConsistency;
}
