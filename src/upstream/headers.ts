import type { ClientRequest } from "../http/request.ts";

/** Headers that concern one connection only, and those of proxies before us that a caller must not set (RFC 9110 7.6.1; CONTRACT 21). */
const hopByHop: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** What the Connection header names is of that connection too. */
function namedIn(connection: string | null): readonly string[] {
  return connection === null ? [] : connection.split(",").map((name) => name.trim().toLowerCase());
}

/** A caller's headers as they go upstream; what its Connection header names is gone already. `X-Forwarded-*` and `X-Remote-*` are dropped: to an apiserver they may be a name. */
export function requestHeaders(request: ClientRequest): Headers {
  const hasBody = request.body !== null;
  const kept = new Headers();
  // oxlint-disable-next-line unicorn/no-array-for-each
  request.headers.forEach((value, name) => {
    if (isPassed(name, hasBody)) kept.append(name, value);
  });
  // To an apiserver an empty one is none, and its managedFields say "unknown"; without it fetch would name Bun.
  if (!kept.has("user-agent")) kept.set("user-agent", "");
  return kept;
}

function isPassed(name: string, hasBody: boolean): boolean {
  switch (name) {
    case "host":
    case "expect":
    case "forwarded":
      return false;
    case "content-length":
      return hasBody;
    default:
      return (
        !hopByHop.has(name) && !name.startsWith("x-forwarded-") && !name.startsWith("x-remote-")
      );
  }
}

/**
 * Those of an upgrade as they go upstream: the handshake is between the client and upstream. Extensions are not offered, so
 * that frames are what RFC 6455 says.
 */
export function upgradeHeaders(request: ClientRequest): Headers {
  const headers = requestHeaders(request);
  headers.delete("sec-websocket-extensions");
  headers.set("connection", "Upgrade");
  headers.set("upgrade", request.headers.get("upgrade") ?? "");
  return headers;
}

/** Removes from an answer what concerns the connection upstream, and says where the answer is from. */
export function markResponse(headers: Headers): void {
  const named = namedIn(headers.get("connection"));
  // Only what is there: to delete what is no header's name would throw.
  if (named.length > 0)
    for (const name of headers.keys().toArray()) if (named.includes(name)) headers.delete(name);
  for (const name of hopByHop) headers.delete(name);
  headers.set("x-edge-proxy", "upstream");
}

/** Whether a header (its name in lower case) is a credential of the caller's own: then it goes as it came (CONTRACT 21). */
export function isCredential(name: string, value: string): boolean {
  switch (name) {
    case "authorization":
      return true;
    case "sec-websocket-protocol":
      return value.includes("base64url.bearer.authorization.k8s.io.");
    default:
      return false;
  }
}

/** Whether a header asks for the rights of somebody else; to an apiserver an empty one does not (apiserver, filters/impersonation.go). */
export function isImpersonation(name: string, value: string): boolean {
  return value !== "" && name.startsWith("impersonate-");
}
