import { isResourceVersion } from "../api/resource-version.ts";
import type { Scope } from "../cache/watch-cache.ts";
import type { LiveScope } from "../cache/watch-caches.ts";
import { codecOf } from "../codec/codecs.ts";
import { decideGet, decideList, decideWatch, type ReadConsistency } from "./decide.ts";
import type { Passing } from "./forwarding.ts";
import { isFresh } from "./fresh.ts";
import { getFrom } from "./get.ts";
import { learnListForm } from "./list-form.ts";
import { listFrom } from "./list.ts";
import type { Connection, ProxyParts } from "./parts.ts";
import type { ReadRequest } from "./read-request.ts";
import { type Watches, watchFrom } from "./watch.ts";

export interface ReadContext {
  readonly watches: Watches;
  readonly now: () => number;
}

/** The answer from a scope; undefined when upstream has to give it. */
export async function answerRead(
  parts: ProxyParts,
  context: ReadContext,
  read: ReadRequest,
  { request }: Passing,
  connection: Connection,
): Promise<Response | undefined> {
  if (!parts.isCacheable(read.gvr.group, read.gvr.resource) || isConditional(request.headers))
    return undefined;
  const consistency = consistencyOf(request.headers, parts.readConsistency);
  const live = await readyScope(parts, read);
  if (live === undefined) return undefined;
  const answer = await answerFrom(parts, context, live, read, consistency, connection);
  if (answer !== undefined) live.hits++;
  return answer;
}

async function answerFrom(
  parts: ProxyParts,
  context: ReadContext,
  live: LiveScope,
  read: ReadRequest,
  consistency: ReadConsistency,
  connection: Connection,
): Promise<Response | undefined> {
  switch (read.verb) {
    case "get": {
      const freshness = decideGet(read.options.resourceVersion, consistency);
      if (freshness === undefined || !(await isFresh(parts, live, freshness))) return undefined;
      return getFrom(live, read);
    }
    case "list": {
      const view = decideList(read.options, consistency);
      if (view === undefined) return undefined;
      if (view.state === "latest" && !(await isFresh(parts, live, view.freshness)))
        return undefined;
      if (live.cache.listForm === undefined) await learnListForm(parts.lister, live);
      return listFrom(parts, live, read, view);
    }
    case "watch": {
      const view = decideWatch(read.options, consistency);
      if (view === undefined) return undefined;
      if (view.begin !== "after" && !(await isFresh(parts, live, view.freshness))) return undefined;
      connection.keepOpen();
      const { watches, now } = context;
      const { watchBufferBytes } = parts;
      return watchFrom({ watches, now, watchBufferBytes, drop: connection.drop }, live, read, view);
    }
  }
}

/** The scope that answers, filled; started when this request makes it pay. */
async function readyScope(parts: ProxyParts, read: ReadRequest): Promise<LiveScope | undefined> {
  const wanted: Scope = { ...read.selection, gvr: read.gvr, codec: codecOf(read.format) };
  const live = parts.caches.find(wanted) ?? startScope(parts, read, wanted);
  if (live === undefined || live.cache.isFilled) return live;
  return (await live.reflector.firstAttempt) === undefined && live.cache.isFilled
    ? live
    : undefined;
}

/** A WATCH starts its scope, and a LIST that comes a second time within the window. */
function startScope(parts: ProxyParts, read: ReadRequest, wanted: Scope): LiveScope | undefined {
  const { caches } = parts;
  if (!caches.mayStart(wanted)) return undefined;
  const { resourceVersion, sendInitialEvents } = read.options;
  switch (read.verb) {
    case "get":
      return undefined;
    case "list":
      return caches.isSecondList(wanted) ? caches.start(wanted) : undefined;
    case "watch":
      return sendInitialEvents !== true && isResourceVersion(resourceVersion)
        ? caches.start(wanted, resourceVersion)
        : caches.start(wanted);
  }
}

/** Conditions and ranges are upstream's to judge (CONTRACT 7). */
function isConditional(headers: Headers): boolean {
  return (
    headers.has("range") ||
    headers.has("upgrade") ||
    headers.has("if-none-match") ||
    headers.has("if-modified-since") ||
    headers.has("if-match") ||
    headers.has("if-unmodified-since") ||
    headers.has("if-range")
  );
}

function consistencyOf(headers: Headers, configured: ReadConsistency): ReadConsistency {
  const control = headers.get("cache-control");
  return control !== null && /(?:^|[\s,])no-cache(?:$|[\s,])/i.test(control) ? "exact" : configured;
}
