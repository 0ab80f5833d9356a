import { badRequest } from "../api/status.ts";
import type { Answer } from "../http/answer.ts";
import type { IncomingRequest } from "../http/request.ts";
import type { Identity } from "../upstream/apiserver.ts";
import { forwardUpgrade } from "../upstream/forward.ts";
import type { ProxyParts } from "./parts.ts";

/** A request that asks for another protocol. */
export interface Upgrading {
  readonly request: IncomingRequest;
  /** Path and query. */
  readonly target: string;
  readonly identity: Identity;
}

/**
 * Joins the client and the apiserver once upstream has agreed: from then on their bytes pass as they are, WebSocket or SPDY.
 * What upstream answers instead is passed on.
 */
export async function passUpgrade(parts: ProxyParts, upgrading: Upgrading): Promise<Answer> {
  const { request, target, identity } = upgrading;
  if (request.block.upgrade === "websocket") checkHandshake(request);
  const outcome = await forwardUpgrade(parts.apiserver, request, { target, identity });
  if (outcome.is === "refused") return outcome.answer;
  return { status: 101, headers: outcome.headers, body: outcome.tunnel };
}

/** Looked at before upstream is asked: what has begun there cannot be taken back (RFC 6455 4.2.1). */
function checkHandshake({ method, headers }: IncomingRequest): void {
  if (method !== "GET") throw badRequest(`a WebSocket is opened by GET, not by ${method}`);
  if (headers.get("sec-websocket-version") !== "13")
    throw badRequest("the only Sec-WebSocket-Version that is served is 13");
  if (!/^[A-Za-z0-9+/]{22}==$/.test(headers.get("sec-websocket-key") ?? ""))
    throw badRequest("the Sec-WebSocket-Key is not 16 bytes in base64");
}
