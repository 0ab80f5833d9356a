import type { RequestInfo } from "../api/request-info.ts";
import { internalError, StatusError } from "../api/status.ts";
import { acceptsObjects, negotiate } from "../codec/media-type.ts";
import type { Answer } from "../http/answer.ts";
import type { HeaderBlock } from "../http/head.ts";
import type { IncomingRequest } from "../http/request.ts";
import { log } from "../log.ts";
import type { Identity } from "../upstream/apiserver.ts";
import { passUpstream } from "./forwarding.ts";
import { type Caller, guard, identityOf } from "./guard.ts";
import { withHeadStart } from "./head-start.ts";
import { answerLastKnown } from "./last-known.ts";
import type { Listener, ProxyParts, Source } from "./parts.ts";
import { passRuled } from "./pass-ruled.ts";
import { type Description, Descriptions, infoOf, type ReadRequest } from "./read-request.ts";
import { answerAtOnce, answerRead } from "./read.ts";
import { readHead, type RequestHead } from "./request-head.ts";
import type { Ruled } from "./ruled-request.ts";
import { writesWhole } from "./ruled-write.ts";
import { statusResponse } from "./status-response.ts";
import type { WatchContext } from "./watch-stream.ts";

/** Called after each answer; feeds the metrics. */
export interface Observer {
  answered(info: RequestInfo, status: number, source: Source, tookMs: number): void;
}

/** A request described and let in. */
interface Admitted {
  readonly request: IncomingRequest;
  readonly head: RequestHead;
  readonly target: string;
  readonly description: Exclude<Description, { readonly is: "refuse" }>;
  readonly caller: Caller;
  readonly identity: Identity;
  /** What rules leave of the answer. */
  readonly ruled: Ruled | undefined;
  readonly asObjects: () => ReadRequest | undefined;
}

type Handler = (request: IncomingRequest, listener: Listener) => Answer | Promise<Answer>;

/** Why a request is not let in, by its header fields and its host alone; undefined: it is. The handler asks the same. */
export function refusalOf(
  { acceptHosts }: Pick<ProxyParts, "acceptHosts">,
  block: HeaderBlock,
  host: string,
  { lendsIdentity }: Listener,
): StatusError | undefined {
  const caller = guard(readHead(block), { host, acceptHosts, lendsIdentity });
  return caller instanceof StatusError ? caller : undefined;
}

/** What is known of a request that was not let in. */
const unread: RequestInfo = { isResourceRequest: false, verb: "", path: "" };

/**
 * The straight line of every request: guarded, described, answered from a scope or sent upstream. Nothing is done for a request
 * before it is let in (CONTRACT 34). What a scope has ready is answered without a turn of the event loop. Errors become a
 * Status here and nowhere else.
 */
export function createHandler(
  parts: ProxyParts,
  context: WatchContext,
  observer: Observer,
): Handler {
  const descriptions = new Descriptions(parts.isCacheable, () => parts.rules);
  return (request, listener) => {
    const began = performance.now();
    const { target, host } = request;
    const head = readHead(request.block);
    let info = unread;
    const observed = (answer: Answer, source: Source) => {
      observer.answered(info, answer.status, source, performance.now() - began);
      return answer;
    };
    try {
      const { acceptHosts } = parts;
      const { lendsIdentity } = listener;
      const caller = guard(head, { host, acceptHosts, lendsIdentity });
      if (caller instanceof StatusError) throw caller;
      const description = descriptions.of(request.method, target, head);
      info = infoOf(description);
      if (description.is === "refuse") throw description.error;
      if (description.is === "read" && caller === "node") {
        const hit = answerAtOnce(parts, inItsEncoding(parts, description.read), head);
        if (hit !== undefined) return observed(hit, "cache");
      }
      const asObjects = () => readAsObjects(descriptions, request.method, target, head);
      const admitted = {
        ...asSent(description, head, target),
        request,
        description,
        caller,
        identity: identityOf(caller),
        asObjects,
      };
      return answerLater(parts, context, admitted).then(
        (answer) => observed(answer, sourceOf(answer)),
        (error: unknown) => observed(errorAnswer(error, request), "reject"),
      );
    } catch (error) {
      return observed(errorAnswer(error, request), "reject");
    }
  };
}

/** The request as it goes upstream: where rules are for it, in a form that they can be obeyed in. */
function asSent(
  { ruled }: Admitted["description"],
  head: RequestHead,
  target: string,
): Pick<Admitted, "head" | "target" | "ruled"> {
  if (ruled?.accept === undefined) return { head, target, ruled };
  return {
    head: { ...head, accept: ruled.accept, acceptsGzip: false },
    target: ruled.target,
    ruled,
  };
}

function answerLater(
  parts: ProxyParts,
  context: WatchContext,
  admitted: Admitted,
): Promise<Answer> {
  const { description, caller } = admitted;
  if (description.is !== "read" || caller !== "node")
    return passOrLastKnown(parts, context, admitted, undefined);
  const read = inItsEncoding(parts, description.read);
  const answer = answerFromEither(parts, context, admitted, read);
  if (read.verb !== "watch") return answer;
  const filling = parts.caches.find(read.scope);
  if (filling === undefined || filling.cache.isFilled) return answer;
  return withHeadStart(answer, filling, read.format);
}

async function answerFromEither(
  parts: ProxyParts,
  context: WatchContext,
  admitted: Admitted,
  read: ReadRequest,
): Promise<Answer> {
  const answer = await answerRead(parts, context, { ...admitted, read });
  return answer ?? (await passOrLastKnown(parts, context, admitted, read));
}

async function passOrLastKnown(
  parts: ProxyParts,
  context: WatchContext,
  admitted: Admitted,
  read: ReadRequest | undefined,
): Promise<Answer> {
  try {
    parts.slots.take(admitted.request);
    return await pass(parts, admitted);
  } catch (error) {
    const { description } = admitted;
    const asked = { ...admitted, read, info: infoOf(description) };
    return await answerLastKnown(parts, context, asked, error);
  }
}

async function pass(parts: ProxyParts, admitted: Admitted): Promise<Answer> {
  const { request, description } = admitted;
  const info = infoOf(description);
  const read = description.is === "read" ? description.read : undefined;
  const { ruled } = admitted;
  const passing = { ...admitted, info, read, accept: ruled?.accept };
  const isRuled = ruled !== undefined || (parts.rules.rules.length > 0 && writesWhole(request));
  return isRuled && info.isResourceRequest
    ? await passRuled(parts, { ...passing, info }, ruled)
    : await passUpstream(parts, passing);
}

/** What a Table's rows carry of their objects; plain objects are whole (apimachinery, meta/v1 TableOptions). */
const ofTables = /(?<=[?&])includeObject=[^&]*(?:&|$)/;

/** The read of plain objects that the client takes in place of another form. */
function readAsObjects(
  descriptions: Descriptions,
  method: string,
  target: string,
  head: RequestHead,
): ReadRequest | undefined {
  if (!acceptsObjects(head.accept)) return undefined;
  const plainTarget = target.replace(ofTables, "");
  const asked = { ...head, accept: "application/json" };
  const description = descriptions.of(method, plainTarget, asked);
  return description.is === "read" ? description.read : undefined;
}

/** A type without protobuf is answered in JSON to who accepts both. */
function inItsEncoding({ caches }: ProxyParts, read: ReadRequest): ReadRequest {
  return read.inJson !== undefined && caches.isJsonOnly(read.scope) ? read.inJson : read;
}

function sourceOf({ headers }: Answer): Source {
  const source = headers.get("x-edge-proxy");
  return isOwnSource(source) ? source : "upstream";
}

function isOwnSource(source: string | null): source is Source {
  return source === "cache" || source === "stale" || source === "replay" || source === "reject";
}

function errorAnswer(error: unknown, request: IncomingRequest): Answer {
  const { format } = negotiate(readHead(request.block).accept);
  if (error instanceof StatusError) return statusResponse(error.status, format, "reject");
  if (!request.signal.aborted) log.error("a request could not be answered", { error });
  return statusResponse(internalError(error).status, format, "reject");
}
