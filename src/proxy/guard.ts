import { forbidden, type StatusError, unauthorized } from "../api/status.ts";
import type { Identity } from "../upstream/apiserver.ts";
import { hasCredentials } from "../upstream/headers.ts";

export interface GuardOptions {
  readonly acceptHosts: readonly RegExp[];
  readonly lendsIdentity: boolean;
}

/**
 * Whose identity a request goes under, or why not. A caller with credentials goes as it came. One without is the node, on
 * a listener that lends; there Host and Origin must be accepted ones, so that no web page in a browser on the node borrows
 * the node's rights (CONTRACT 21; kubectl, pkg/proxy/proxy_server.go).
 */
export function guard(headers: Headers, options: GuardOptions): Identity | StatusError {
  if (hasCredentials(headers)) return "caller";
  if (!options.lendsIdentity) return unauthorized("Unauthorized");
  const host = headers.get("host") ?? "";
  if (!isAccepted(host, options.acceptHosts))
    return forbidden(`the Host header ${JSON.stringify(host)} is not among --accept-hosts`);
  const origin = headers.get("origin");
  if (origin !== null && !isAccepted(hostOf(origin), options.acceptHosts))
    return forbidden(`the Origin header ${JSON.stringify(origin)} is not among --accept-hosts`);
  return "own";
}

function isAccepted(host: string, acceptHosts: readonly RegExp[]): boolean {
  const name = host.replace(/:\d+$/, "");
  return acceptHosts.some((pattern) => pattern.test(name));
}

/** `http://localhost:8080` → `localhost:8080`; `null` and junk stay what they are, and are not accepted. */
function hostOf(origin: string): string {
  return origin.replace(/^[a-z][a-z0-9+.-]*:\/\//i, "");
}
