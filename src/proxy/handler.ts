import { internalError, StatusError } from "../api/status.ts";
import { negotiate } from "../codec/media-type.ts";
import { log } from "../log.ts";
import { passUpstream } from "./forwarding.ts";
import { guard } from "./guard.ts";
import type { Connection, ProxyParts, Source } from "./parts.ts";
import { type Description, Descriptions, isPersonAgent } from "./read-request.ts";
import { answerRead, type ReadContext } from "./read.ts";
import { statusResponse } from "./status-response.ts";

/** Told of every answer, for the metrics. */
export interface Observer {
  answered(description: Description, response: Response, source: Source, tookMs: number): void;
}

/**
 * The straight line of every request: described, guarded, answered from a scope or sent upstream. Errors become a Status
 * here and nowhere else.
 */
export function createHandler(parts: ProxyParts, context: ReadContext, observer: Observer) {
  const descriptions = new Descriptions();
  return async function handle(request: Request, connection: Connection): Promise<Response> {
    const began = performance.now();
    const { headers } = request;
    const target = targetOf(request.url);
    const mark = target.indexOf("?");
    const accept = headers.get("accept") ?? "";
    const description = descriptions.of({
      method: request.method,
      path: mark === -1 ? target : target.slice(0, mark),
      query: mark === -1 ? "" : target.slice(mark + 1),
      accept,
      isPerson: isPersonAgent(headers.get("user-agent") ?? ""),
    });
    let response: Response;
    try {
      const { acceptHosts } = parts;
      const identity = guard(headers, { acceptHosts, lendsIdentity: connection.lendsIdentity });
      if (identity instanceof StatusError) throw identity;
      const info = description.is === "read" ? description.read.info : description.info;
      const passing = { request, info, target, identity };
      const cached =
        description.is === "read" && identity === "own"
          ? await answerRead(parts, context, description.read, passing, connection)
          : undefined;
      if (cached === undefined) connection.keepOpen();
      response = cached ?? (await passUpstream(parts, passing));
    } catch (error) {
      response = errorResponse(error, request, accept);
    }
    const source = (response.headers.get("x-edge-proxy") ?? "upstream") as Source;
    observer.answered(description, response, source, performance.now() - began);
    return response;
  };
}

/** Path and query as they came; `req.url` of a request without a usable Host is a path already (BUN.md 5h). */
export function targetOf(url: string): string {
  const start = url.startsWith("/") ? 0 : url.indexOf("/", 8);
  const end = url.indexOf("#");
  return end === -1 ? url.slice(start) : url.slice(start, end);
}

function errorResponse(error: unknown, request: Request, accept: string): Response {
  const { format } = negotiate(accept);
  if (error instanceof StatusError) return statusResponse(error.status, format, "reject");
  if (!request.signal.aborted) log.error("a request could not be answered", { error });
  return statusResponse(internalError(error).status, format, "reject");
}
