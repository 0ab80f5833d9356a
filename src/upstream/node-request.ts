import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http";

import type { Credentials } from "./credentials.ts";

/** Requests by node:http and node:https, for what fetch cannot do: repeated headers, upgrades. Loaded when first needed. */

/** A connection must be there by then, with TLS by the second (CONTRACT 19). */
const connectMs = 2000;
const connectTlsMs = 3000;

export interface NodeRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly signal: AbortSignal;
  /** `own`: with the client certificate. */
  readonly identity: "own" | "caller";
}

/** Opens a request on a connection of its own; nothing is sent before the caller writes or ends it. */
export async function openNodeRequest(
  { server, tls }: Credentials,
  { method, target, headers, signal, identity }: NodeRequest,
): Promise<ClientRequest> {
  const url = new URL(server);
  const isTls = url.protocol === "https:";
  const { request } = await (isTls ? import("node:https") : import("node:http"));
  signal.throwIfAborted();
  const isOwn = identity === "own";
  const options: RequestOptions & Record<string, unknown> = {
    method,
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? (isTls ? 443 : 80) : Number(url.port),
    path: (url.pathname === "/" ? "" : url.pathname) + target,
    headers: { ...headers, host: url.host },
    agent: false,
    signal,
    rejectUnauthorized: tls.rejectUnauthorized,
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
    ...(isOwn && tls.cert !== undefined ? { cert: tls.cert } : {}),
    ...(isOwn && tls.key !== undefined ? { key: tls.key } : {}),
  };
  const opened = request(options);
  limitConnecting(opened, isTls);
  return opened;
}

function limitConnecting(request: ClientRequest, isTls: boolean): void {
  const late = setTimeout(
    () => request.destroy(new ConnectTimeoutError()),
    isTls ? connectTlsMs : connectMs,
  );
  const clear = () => clearTimeout(late);
  request.on("socket", (socket) => socket.once(isTls ? "secureConnect" : "connect", clear));
  for (const event of ["response", "upgrade", "close", "error"]) request.on(event, clear);
}

class ConnectTimeoutError extends Error {
  readonly code = "ETIMEDOUT";
  constructor() {
    super("no connection in time");
    this.name = "ConnectTimeoutError";
  }
}

/** The headers of an answer; those that repeat are joined. */
export function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2)
    headers.append(rawHeaders[at] ?? "", rawHeaders[at + 1] ?? "");
  return headers;
}

/** An answer as fetch would give it, its body undecoded; a body that breaks off is an error of the stream. */
export function responseOf(message: IncomingMessage, method: string): Response {
  const headers = headersOf(message);
  const status = message.statusCode ?? 502;
  const isBodiless = method === "HEAD" || status === 204 || status === 205 || status === 304;
  if (isBodiless) message.resume();
  return new Response(isBodiless ? null : bodyOf(message), { status, headers });
}

function bodyOf(message: IncomingMessage): ReadableStream<Uint8Array> {
  const chunks: AsyncIterator<Uint8Array> = message[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (done !== true) return controller.enqueue(value);
        if (!message.complete) throw new Error("the answer broke off");
        controller.close();
      },
      cancel: () => void message.destroy(),
    },
    { highWaterMark: 0 },
  );
}
