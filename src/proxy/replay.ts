import { splitTarget } from "../api/query.ts";
import type { RequestInfo } from "../api/request-info.ts";
import type { ReplayAnswer, ReplayRequest } from "../cache/replay-rows.ts";
import type { Told } from "../cache/replay.ts";
import { isReplayable } from "../cache/replayable.ts";
import type { Answer } from "../http/answer.ts";
import type { IncomingRequest } from "../http/request.ts";
import { gunzip } from "../upstream/gunzip.ts";
import type { Held, HeldAnswer } from "../upstream/held-answer.ts";
import { type CanonicalRequest, canonicalRequest, queryOf } from "./canonical-request.ts";
import { markLastKnown } from "./marks.ts";
import type { ProxyParts } from "./parts.ts";
import type { ReadRequest } from "./read-request.ts";
import type { RequestHead } from "./request-head.ts";
import { shownAnswer } from "./ruled-answer.ts";
import { isOfAnother, type Ruled } from "./ruled-request.ts";

/** A GET under the node's own identity, as far as it can be given again. */
export interface Replayed {
  readonly request: IncomingRequest;
  readonly head: RequestHead;
  /** Path and query. */
  readonly target: string;
  readonly info: RequestInfo;
  readonly read: ReadRequest | undefined;
  /** What rules leave of the answer; upstream's own is what is kept. */
  readonly ruled?: Ruled | undefined;
}

/** A request of more characters is kept under no key. */
const maxKeyLength = 4096;

/** What of an answer's head is told again. */
const keptHeaders = ["content-type", "content-encoding", "cache-control", "etag", "last-modified"];

/** Keeps what upstream has answered for the time when it does not; what it refuses now is forgotten (CONTRACT 26). */
export function keepAnswer(parts: ProxyParts, asked: Replayed, held: HeldAnswer): void {
  if (held.is !== "held") return;
  const at = Date.now();
  parts.disk?.replay.tell(held.body.bytes.length, () => told(parts, asked, held, at));
}

function told(parts: ProxyParts, asked: Replayed, held: Held, at: number): Told | undefined {
  const { status, headers } = held;
  const form = formOf(asked);
  if (status === 403 || status === 404 || status === 410)
    return { is: "refused", requests: refusedBy(status, form).map((each) => keyOf(asked, each)) };
  if (!mayKeep(parts, asked)) return undefined;
  const vary = namesIn(headers.get("vary"));
  const candidate = {
    method: "GET",
    info: asked.info,
    query: splitTarget(asked.target).query,
    status,
    contentType: headers.get("content-type") ?? "",
    cacheControl: headers.get("cache-control") ?? "",
    vary: headers.get("vary") ?? "",
  };
  if (!isReplayable(candidate)) return undefined;
  const kept = keptHeaders.flatMap((name) => {
    const value = headers.get(name);
    return value === null ? [] : [[name, value] as const];
  });
  const body = held.body.bytes;
  const head = { headers: Object.fromEntries(kept), vary };
  return { is: "answer", request: keyOf(asked, form), answer: { head, body, at } };
}

/** What is read of any state: an answer of the most recent one is one too. */
const anyVersion = "0";

/** The last good answer to this request; undefined where there is none. */
export async function keptAnswer(
  { disk }: ProxyParts,
  asked: Replayed,
): Promise<ReplayAnswer | undefined> {
  const form = formOf(asked);
  const kept = await disk?.replay.get(keyOf(asked, form));
  if (form.resourceVersion !== anyVersion) return kept;
  const latest = await disk?.replay.get(keyOf(asked, { ...form, resourceVersion: "" }));
  if (kept === undefined || latest === undefined) return kept ?? latest;
  return latest.at > kept.at ? latest : kept;
}

/** What is refused, or is gone, is so at any later state; a version that has expired says nothing of others. */
function refusedBy(status: number, form: CanonicalRequest): readonly CanonicalRequest[] {
  const versions = status === 410 ? [] : ["", anyVersion];
  return [...new Set([form.resourceVersion, ...versions])].map((resourceVersion) => ({
    ...form,
    resourceVersion,
  }));
}

/**
 * The answer again, marked with its age; undefined where it is of an object that rules hide: of one that is not there none is
 * kept. Rejects where rules cannot be obeyed in it.
 */
export async function answerReplayed(
  parts: ProxyParts,
  asked: Replayed,
  answer: ReplayAnswer,
): Promise<Answer | undefined> {
  const response = inItsEncoding(answer, asked.head);
  const ageMs = Date.now() - answer.at;
  const { server } = parts.apiserver;
  const { info, ruled } = asked;
  const shown =
    ruled !== undefined && info.isResourceRequest && !isOfAnother(info)
      ? await shownAnswer(response, ruled, info)
      : response;
  if (shown.status !== response.status) return undefined;
  return markLastKnown(shown, asked.head, { source: "replay", ageMs, server });
}

/** Of what a scope holds the scope is what is kept. */
function mayKeep({ caches, disk }: ProxyParts, { info, read, target, head }: Replayed): boolean {
  if (target.length + head.accept.length > maxKeyLength) return false;
  if (info.isResourceRequest && disk?.isKept(info.group, info.resource) === false) return false;
  return read === undefined || caches.find(read.scope)?.cache.isFilled !== true;
}

function formOf({ info, target, head }: Replayed): CanonicalRequest {
  return canonicalRequest(info, target, head);
}

function keyOf({ request }: Replayed, form: CanonicalRequest): ReplayRequest {
  return {
    identity: "own",
    method: "GET",
    path: form.path,
    query: queryOf(form),
    accept: form.accept,
    header: (name) => request.headers.get(name) ?? "",
  };
}

/** What a Vary names but for what the key has anyway, and the compression, which is undone where it is not wanted. */
function namesIn(vary: string | null): readonly string[] {
  const names = (vary ?? "").split(",").map((name) => name.trim().toLowerCase());
  const others = names.filter((name) => !["", "accept", "accept-encoding"].includes(name));
  return [...new Set(others)].toSorted();
}

function inItsEncoding({ head, body }: ReplayAnswer, asked: RequestHead): Answer {
  const headers = new Headers(head.headers);
  const bytes = body as Uint8Array<ArrayBuffer>;
  if (headers.get("content-encoding") !== "gzip" || asked.acceptsGzip)
    return { status: 200, headers, body: bytes };
  headers.delete("content-encoding");
  return { status: 200, headers, body: gunzip(bytes) };
}
