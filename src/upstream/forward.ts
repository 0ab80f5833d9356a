import type { Apiserver, Identity, Lane } from "./apiserver.ts";
import { markResponse, requestHeaders, upgradeHeaders } from "./headers.ts";
import type { UpgradeOutcome } from "./upgrade.ts";

export interface ForwardOptions {
  readonly target: string;
  readonly identity: Identity;
  readonly signal: AbortSignal;
  /** `watch`: a stream that stays open. `read`, `write`: what CONTRACT 19 and 20 say of them. */
  readonly kind: "read" | "write" | "watch";
}

/** A head must be there by then unless the caller says another time (CONTRACT 19). */
const headMs = 62_000;
/** An answer of known length up to this is held whole, so that the client is told the length. */
const heldBytes = 8 << 20;

/** Sends a caller's request on as it came, streaming both ways. Errors are StatusErrors. */
export async function forward(
  apiserver: Apiserver,
  request: Request,
  options: ForwardOptions,
): Promise<Response> {
  const response = await apiserver.fetch({
    method: request.method,
    target: options.target,
    headers: requestHeaders(request),
    body: request.body,
    identity: options.identity,
    lane: laneOf(request, options.kind),
    signal: options.signal,
    headMs: options.kind === "read" ? timeoutOf(options.target) : headMs,
    // A compressed stream cannot be padded, so a quiet watch would have no head: gzip ends here (CONTRACT 13).
    encoding: options.kind === "watch" ? "decode" : "keep",
  });
  return options.kind === "watch"
    ? watchResponse(response)
    : bulkResponse(response, request.method);
}

/** Sends a caller's WebSocket handshake on, once. An answer that refuses it is passed as any other. */
export async function forwardUpgrade(
  apiserver: Apiserver,
  request: Request,
  { target, identity }: Pick<ForwardOptions, "target" | "identity">,
): Promise<UpgradeOutcome> {
  const { signal } = request;
  const outcome = await apiserver.upgrade({
    method: "GET",
    target,
    headers: upgradeHeaders(request),
    identity,
    lane: "single",
    signal,
    headMs,
    // A compressed stream cannot be padded, so a quiet watch would have no head: gzip ends here (CONTRACT 13).
    encoding: options.kind === "watch" ? "decode" : "keep",
  });
  if (outcome.is === "open") return outcome;
  return { is: "refused", response: await bulkResponse(outcome.response, request.method) };
}

/** A write without a body goes on a connection of its own: fetch would send it again over another. */
function laneOf(request: Request, kind: ForwardOptions["kind"]): Lane {
  if (kind === "watch") return "watch";
  return kind === "write" && request.body === null ? "single" : "bulk";
}

/** The caller's `timeout` and 2 s, at most the default. */
function timeoutOf(target: string): number {
  const [, minutes, seconds] = /[?&]timeout=(?:(\d+)m)?(?:(\d+)s)?(?:&|$)/.exec(target) ?? [];
  const ms = (Number(minutes ?? 0) * 60 + Number(seconds ?? 0)) * 1000;
  return ms > 0 ? Math.min(ms + 2000, headMs) : headMs;
}

/** Bun sends a stream chunked whatever its length is said to be: what is short enough is held, and keeps its length. */
async function bulkResponse(response: Response, method: string): Promise<Response> {
  markResponse(response.headers);
  const length = Number(response.headers.get("content-length") ?? Number.NaN);
  if (method === "HEAD" || response.body === null || !(length <= heldBytes)) {
    return response.body === null || method === "HEAD" ? response : streamed(response);
  }
  const { status, headers } = response;
  return new Response(await response.blob(), { status, headers });
}

/**
 * The body as a stream of our own: one that Bun passes by itself prints to stderr when upstream dies. A body that breaks
 * off breaks off for the client too: a short answer never looks whole.
 */
function streamed(response: Response): Response {
  const reader = response.body?.getReader();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
      if (done || value === undefined) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader?.cancel(reason),
  });
  return new Response(body, { status: response.status, headers: response.headers });
}

/** Milliseconds until a JSON watch without events gets its head by a space (CONTRACT 13). */
export const headPaddingMs = 50;
const padding = new Uint8Array([0x20]);

/** A watch ends cleanly when upstream's breaks off: the client resumes. Its head is sent although nothing has happened yet. */
function watchResponse(response: Response): Response {
  markResponse(response.headers);
  const { status, headers } = response;
  headers.delete("content-encoding");
  if (status !== 200 || response.body === null) return streamed(response);
  headers.delete("content-length");
  const isJson = headers.get("content-type")?.startsWith("application/json") ?? false;
  const reader = response.body.getReader();
  let head: ReturnType<typeof setTimeout> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      if (isJson) head = setTimeout(() => controller.enqueue(padding), headPaddingMs);
    },
    async pull(controller) {
      const { done, value } = await reader
        .read()
        .catch(() => ({ done: true, value: undefined }) as const);
      clearTimeout(head);
      if (done || value === undefined) controller.close();
      else controller.enqueue(value);
    },
    cancel(reason) {
      clearTimeout(head);
      return reader.cancel(reason);
    },
  });
  return new Response(body, { status, headers });
}
