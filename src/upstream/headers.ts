/** Headers that concern one connection only, and those of proxies before us that a caller must not set (RFC 9110 7.6.1; CONTRACT 21). */
const hopByHop = [
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];
const ofOurOwn = ["host", "expect", "content-length"];

function removeNamed(headers: Headers, names: readonly string[]): void {
  for (const named of (headers.get("connection") ?? "").split(",")) {
    const name = named.trim();
    if (/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) headers.delete(name);
  }
  for (const name of names) headers.delete(name);
}

/** A caller's headers as they go upstream. `X-Forwarded-*` and `X-Remote-*` are dropped: to an apiserver they may be a name. */
export function requestHeaders(request: Request): Headers {
  const headers = new Headers(request.headers);
  const length = headers.get("content-length");
  removeNamed(headers, [...hopByHop, ...ofOurOwn]);
  for (const name of headers.keys().toArray()) {
    if (name.startsWith("x-forwarded-") || name.startsWith("x-remote-") || name === "forwarded")
      headers.delete(name);
  }
  if (request.body !== null && length !== null) headers.set("content-length", length);
  return headers;
}

/** Those of a WebSocket handshake as they go upstream: the subprotocols stay, what concerns our own end does not. */
export function upgradeHeaders(request: Request): Headers {
  const headers = requestHeaders(request);
  for (const name of ["key", "version", "extensions", "accept"])
    headers.delete(`sec-websocket-${name}`);
  return headers;
}

/** Removes from an answer what concerns the connection upstream, and says where the answer is from. */
export function markResponse(headers: Headers): void {
  removeNamed(headers, hopByHop);
  headers.set("x-edge-proxy", "upstream");
}

/** Whether a header (its name in small letters) is a credential of the caller's own: then it goes as it came (CONTRACT 21). */
export function isCredential(name: string, value: string): boolean {
  switch (name) {
    case "authorization":
      return true;
    case "sec-websocket-protocol":
      return value.includes("base64url.bearer.authorization.k8s.io.");
    default:
      return name.startsWith("impersonate-");
  }
}
