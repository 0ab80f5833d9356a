import type { RequestInfo } from "../api/request-info.ts";
import { badGateway, badRequest } from "../api/status.ts";
import type { Identity } from "../upstream/apiserver.ts";
import { forward, forwardUpgrade } from "../upstream/forward.ts";
import type { Listener, ProxyParts } from "./parts.ts";

/** A request that asks for another protocol. */
export interface Upgrading {
  readonly request: Request;
  readonly listener: Listener;
  readonly info: RequestInfo;
  /** Path and query. */
  readonly target: string;
  readonly identity: Identity;
}

const advice =
  "edge-proxy speaks WebSocket, not SPDY: use a client with WebSockets, such as kubectl 1.31 or later";

/** The protocols that are answered here; any other offer may be ignored (RFC 9110 7.8), and is. */
export function askedProtocol({ headers }: Request): "websocket" | "spdy" | undefined {
  const asked = headers.get("upgrade")?.toLowerCase();
  if (asked === undefined || !/(?:^|[, ])upgrade(?:$|[, ])/i.test(headers.get("connection") ?? ""))
    return undefined;
  if (asked === "websocket") return "websocket";
  return asked.startsWith("spdy/") ? "spdy" : undefined;
}

/**
 * Joins the client and the apiserver by a WebSocket once upstream has agreed; what it answers instead is passed on. Where
 * the result is a tunnel the Response only tells the metrics: the client has had its 101.
 */
export async function passUpgrade(parts: ProxyParts, upgrading: Upgrading): Promise<Response> {
  const { request, listener, target, identity } = upgrading;
  checkHandshake(request);
  const outcome = await forwardUpgrade(parts.apiserver, request, { target, identity });
  if (outcome.is === "refused") return outcome.response;
  const { tunnel } = outcome;
  if (!listener.upgrade(request, tunnel)) {
    tunnel.destroy();
    throw badGateway("the client left before the upgrade");
  }
  return new Response(null, { status: 101, headers: { "x-edge-proxy": "upstream" } });
}

/** Looked at before upstream is asked: what has begun there cannot be taken back (RFC 6455 4.2.1). */
function checkHandshake({ method, headers }: Request): void {
  if (method !== "GET") throw badRequest(`a WebSocket is opened by GET, not by ${method}`);
  if (headers.get("sec-websocket-version") !== "13")
    throw badRequest("the only Sec-WebSocket-Version that is served is 13");
  if (!/^[A-Za-z0-9+/]{22}==$/.test(headers.get("sec-websocket-key") ?? ""))
    throw badRequest("the Sec-WebSocket-Key is not 16 bytes in base64");
}

/**
 * Refuses SPDY with a word on what to use. kubectl comes here also after a WebSocket that upstream has refused, and shows only
 * this second answer: so upstream is asked without the upgrade, which starts nothing, and its reason comes before ours.
 */
export async function refuseSpdy(parts: ProxyParts, upgrading: Upgrading): Promise<Response> {
  const { request, info, target, identity } = upgrading;
  const isPods = info.isResourceRequest && info.group === "" && info.resource === "pods";
  if (!isPods || !streaming.has(info.subresource ?? "")) throw badRequest(advice);
  const { signal } = request;
  const response = await forward(parts.apiserver, request, {
    target,
    identity,
    signal,
    kind: "write",
  });
  if (response.status !== 400 && response.status >= 300) return response;
  const body = await response.blob();
  const isOnlyUnasked = response.status < 300 || (await body.text()).includes("pgrade request");
  if (isOnlyUnasked) throw badRequest(advice);
  return new Response(body, response);
}

const streaming = new Set(["exec", "attach", "portforward"]);
