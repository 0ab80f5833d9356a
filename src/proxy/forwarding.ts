import { parametersOf } from "../api/query.ts";
import type { RequestInfo, ResourceRequest } from "../api/request-info.ts";
import { selectableFields } from "../api/selectable-fields.ts";
import { serviceUnavailable } from "../api/status.ts";
import type { Scope, WatchCache } from "../cache/watch-cache.ts";
import type { WatchCaches } from "../cache/watch-caches.ts";
import { type Answer, readAnswer } from "../codec/answer.ts";
import type { Answer as HttpAnswer } from "../http/answer.ts";
import type { IncomingRequest } from "../http/request.ts";
import type { Identity } from "../upstream/apiserver.ts";
import { forward, forwardHeld } from "../upstream/forward.ts";
import { answerOf, type Held, type HeldAnswer, plainBody } from "../upstream/held-answer.ts";
import { type Reached, reached, tellOlder, tellOlderIn } from "./another-history.ts";
import { type CanonicalRequest, canonicalRequest, queryOf } from "./canonical-request.ts";
import type { Caller } from "./guard.ts";
import type { ProxyParts } from "./parts.ts";
import type { ReadRequest } from "./read-request.ts";
import { keepAnswer } from "./replay.ts";
import type { RequestHead } from "./request-head.ts";
import { passUpgrade } from "./upgrade.ts";
import { floorOf, toWrittenResource, type WriteOutcome } from "./write-floors.ts";

/** A request on its way upstream. */
export interface Passing {
  readonly request: IncomingRequest;
  readonly head: RequestHead;
  readonly info: RequestInfo;
  /** The read that it is, where a scope could have answered it. */
  readonly read: ReadRequest | undefined;
  /** Path and query. */
  readonly target: string;
  readonly caller: Caller;
  readonly identity: Identity;
  /** What is accepted of upstream, where it is not what the caller's header says. */
  readonly accept?: string | undefined;
}

/** GETs that stream, or do more than read: they are never shared. */
const unshared = new Set(["log", "exec", "attach", "portforward", "proxy"]);
const sharedPaths = /^\/(?:api|apis|openapi|version)(?:[/?]|$)/;

/** Sends the request upstream: watches and streams as they come, equal reads as one, writes with what later reads owe them. */
export async function passUpstream(parts: ProxyParts, passing: Passing): Promise<HttpAnswer> {
  const { request, info, target, identity, accept } = passing;
  if (request.block.upgrade !== undefined) return await passUpgrade(parts, passing);
  const { method, signal } = request;
  const { healthIntervalMs, stopping } = parts;
  const sent = { target, identity, signal, accept };
  if (isLongRunning(passing))
    return await forward(parts.apiserver, request, { ...sent, kind: "stream" });
  if (info.isResourceRequest && info.verb === "watch") {
    const options = { ...sent, kind: "watch", silenceMs: healthIntervalMs, stopping } as const;
    return await forward(parts.apiserver, request, options);
  }
  if (method === "GET" || method === "HEAD") {
    if (isHeld(passing)) return await passHeld(parts, passing);
    return await forward(parts.apiserver, request, { ...sent, kind: "read" });
  }
  return await passWrite(parts, passing);
}

/** What an apiserver sets no time for, watches aside (apiserver, BasicLongRunningRequestCheck): it may be silent for as long as it likes. */
function isLongRunning({ info, target }: Passing): boolean {
  if (!info.isResourceRequest) return false;
  if (info.verb === "proxy" || info.subresource === "proxy") return true;
  return info.subresource === "log" && /[?&]follow=(?:true|1|t)(?:&|$)/i.test(target);
}

/** What is read before it goes out: it may be shared, and kept. */
function isHeld({ request, info, target }: Passing): boolean {
  if (request.method !== "GET" || request.headers.has("range")) return false;
  return info.isResourceRequest
    ? !unshared.has(info.subresource ?? "") && info.verb !== "proxy"
    : sharedPaths.test(target);
}

/** A read of the most recent state may only join what has not been sent (CONTRACT 8); one under conditions goes alone. */
async function passHeld(parts: ProxyParts, passing: Passing): Promise<HttpAnswer> {
  const { request, head, target, info, identity, caller, accept } = passing;
  const form = canonicalRequest(info, target, head);
  const toleratesAge = form.resourceVersion !== "";
  const joining = toleratesAge ? "while under way" : "until it begins";
  const before = toleratesAge ? [] : reachedBy(parts, passing);
  const sent = { target, identity, accept, kind: "read" } as const;
  const send = (signal: AbortSignal) => forwardHeld(parts.apiserver, request, { ...sent, signal });
  const held = head.isConditional
    ? await send(request.signal)
    : await parts.flights.join(flightKey(passing, form), joining, request.signal, send);
  raiseSeen(parts, passing, held, before);
  lookInto(passing, held, before);
  learnFrom(parts, passing, held);
  if (caller === "node") keepAnswer(parts, passing, held);
  const answer = answerOf(held);
  if (answer !== undefined) return answer;
  return await forward(parts.apiserver, request, { ...sent, signal: request.signal });
}

/** From a list that passes, how lists of its type are written: a scope that is filled by a WatchList does not show it. */
function learnFrom({ caches }: ProxyParts, { read }: Passing, held: HeldAnswer): void {
  if (read?.verb !== "list" || held.is !== "held" || held.status !== 200) return;
  if (caches.listFormOf(read.scope) === undefined) learnListForm(caches, read.scope, held);
}

function learnListForm(caches: WatchCaches, scope: Scope, held: Held): void {
  const reader = scope.codec.listReader();
  try {
    reader.push(plainBody(held));
    caches.learnListForm(scope, reader.finish().form);
  } catch {
    // Another form than was asked for: a custom resource in JSON.
  }
}

/**
 * All that the answer can depend on (CONTRACT 8), and the time that it may take: who has less would end the flight of who has
 * more. The secret parts are in it in the clear: keys are never shown.
 */
function flightKey(passing: Passing, form: CanonicalRequest): string {
  const { acceptsGzip, wantsLatest } = passing.head;
  const encoding = acceptsGzip ? "gzip" : "plain";
  const reader = `${wantsLatest ? "latest" : ""} ${encoding} ${form.timeout}`;
  return `${whoOf(passing)}\n${form.accept}\n${reader}\n${form.path}?${queryOf(form)}`;
}

/** Who asks: all header lines that an apiserver takes an identity from, as they came. */
function whoOf({ caller, request }: Passing): string {
  if (caller === "node") return "own";
  const { fields } = request.block;
  const naming = fields.filter((_, at) => namesIdentity(fields[at - (at % 2)] ?? ""));
  return JSON.stringify([caller, ...naming]);
}

function namesIdentity(name: string): boolean {
  return (
    name === "authorization" || name === "sec-websocket-protocol" || name.startsWith("impersonate-")
  );
}

/** How far the scopes are that the answer's objects may be in. */
function reachedBy(parts: ProxyParts, { info, caller, read }: Passing): readonly Reached[] {
  if (!info.isResourceRequest || caller !== "node") return [];
  if (info.verb === "get") return reached(scopesOf(parts, info));
  return read?.verb === "list" && read.options.continue === ""
    ? reached(scopesOf(parts, info))
    : [];
}

/** Whether a forwarded list shows another history than the scopes have; nobody waits for it. */
function lookInto({ read }: Passing, held: HeldAnswer, before: readonly Reached[]): void {
  if (read?.verb !== "list" || held.is !== "held" || held.status !== 200) return;
  tellOlderIn(before, read.scope, async () => plainBody(held), performance.now());
}

/** A forwarded GET shows an object that no later read may fall behind (CONTRACT 4). Only scopes that are there need to know. */
function raiseSeen(
  parts: ProxyParts,
  { info, caller }: Passing,
  held: HeldAnswer,
  before: readonly Reached[],
): void {
  if (!info.isResourceRequest || info.verb !== "get" || caller !== "node") return;
  if (held.is !== "held" || held.status !== 200 || info.subresource !== undefined) return;
  const caches = cachesOf(parts, info);
  if (caches.length === 0) return;
  const answer = readBody(held, info);
  if (answer.is !== "object" || tellOlder(before, answer.item)) return;
  parts.floors.raise(caches, { kind: "seen", object: answer.item });
}

/** The scopes that may hold what the request is for: another namespace's never do. */
function scopesOf(parts: ProxyParts, { group, resource, namespace }: ResourceRequest) {
  const ofAll = parts.caches.ofStore(group, resource);
  if (ofAll.length === 0 || namespace === "") return ofAll;
  return ofAll.filter(
    ({ cache: { scope } }) => scope.namespace === "" || scope.namespace === namespace,
  );
}

function cachesOf(parts: ProxyParts, info: ResourceRequest): readonly WatchCache[] {
  return scopesOf(parts, info).map(({ cache }) => cache);
}

function readBody(held: Held, info: ResourceRequest): Answer {
  const fields = selectableFields(info.group, info.resource);
  return readAnswer(plainBody(held), held.headers.get("content-type") ?? "", fields);
}

/**
 * A write is sent once, and its answer read before it goes out, so that the caller's next read shows it. A lost answer
 * counts as a write that may have happened.
 */
async function passWrite(parts: ProxyParts, passing: Passing): Promise<HttpAnswer> {
  const { request, target, identity, accept } = passing;
  const info = passing.info.isResourceRequest ? toWrittenResource(passing.info) : passing.info;
  const sent = { target, identity, signal: request.signal, accept, kind: "write" } as const;
  if (!info.isResourceRequest || !parts.isCacheable(info.group, info.resource))
    return await forward(parts.apiserver, request, sent);
  const raise = (outcome: WriteOutcome) => raiseWritten(parts, { info, target }, outcome);
  try {
    const held = await forwardHeld(parts.apiserver, request, sent);
    raise({ status: held.status, answer: answerIn(held, info) });
    const response = answerOf(held);
    if (response === undefined) throw serviceUnavailable("the answer to a write was lost");
    return response;
  } catch (error) {
    raise({ status: undefined, answer: { is: "unreadable" } });
    throw error;
  }
}

/**
 * What later reads have to show after a write, for the scopes that are there when its answer goes out: one that was started
 * meanwhile may have been filled before the write.
 */
export function raiseWritten(
  parts: ProxyParts,
  { info, target }: { readonly info: ResourceRequest; readonly target: string },
  outcome: WriteOutcome,
): void {
  const isDryRun = parametersOf(target).has("dryRun");
  const floor = floorOf(info, isDryRun, outcome);
  if (floor !== undefined) parts.floors.raise(cachesOf(parts, info), floor);
}

function answerIn(held: HeldAnswer, info: ResourceRequest): Answer {
  return held.is === "held" ? readBody(held, info) : { is: "unreadable" };
}
