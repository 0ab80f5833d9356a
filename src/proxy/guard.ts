import { forbidden, type StatusError, unauthorized } from "../api/status.ts";
import type { Identity } from "../upstream/apiserver.ts";
import type { RequestHead } from "./request-head.ts";

export interface GuardOptions {
  readonly acceptHosts: readonly RegExp[];
  readonly lendsIdentity: boolean;
}

/**
 * Whose identity a request goes under, or why not. A caller with credentials goes as it came. One without is the node, on
 * a listener that lends; there Host and Origin must be accepted ones, so that no web page in a browser on the node borrows
 * the node's rights (CONTRACT 21; kubectl, pkg/proxy/proxy_server.go).
 */
export function guard(head: RequestHead, options: GuardOptions): Identity | StatusError {
  if (head.hasCredentials) return "caller";
  if (!options.lendsIdentity) return unauthorized("Unauthorized");
  const { host, origin } = head;
  if (!isAccepted(host, options.acceptHosts))
    return forbidden(`the Host header ${JSON.stringify(host)} is not among --accept-hosts`);
  if (origin !== undefined && !isAccepted(hostOf(origin), options.acceptHosts))
    return forbidden(`the Origin header ${JSON.stringify(origin)} is not among --accept-hosts`);
  return "own";
}

/** What was accepted before, by the patterns: a node's clients use few names. */
const accepted = new WeakMap<readonly RegExp[], Set<string>>();
const maxAccepted = 64;

function isAccepted(host: string, acceptHosts: readonly RegExp[]): boolean {
  const known = accepted.get(acceptHosts) ?? new Set();
  if (known.has(host)) return true;
  const name = host.replace(/:\d+$/, "");
  if (!acceptHosts.some((pattern) => pattern.test(name))) return false;
  if (known.size < maxAccepted) known.add(host);
  accepted.set(acceptHosts, known);
  return true;
}

/** `http://localhost:8080` → `localhost:8080`; `null` and junk stay what they are, and are not accepted. */
function hostOf(origin: string): string {
  return origin.replace(/^[a-z][a-z0-9+.-]*:\/\//i, "");
}
