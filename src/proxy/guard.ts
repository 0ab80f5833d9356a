import { forbidden, type StatusError, unauthorized } from "../api/status.ts";
import type { Identity } from "../upstream/apiserver.ts";
import type { RequestHead } from "./request-head.ts";

/**
 * Who asks: the node; the node for somebody else, by `Impersonate-*`; or a caller with credentials of its own. What is held
 * for the node is for the node only (CONTRACT 21).
 */
export type Caller = "node" | "impersonator" | "itself";

/** Whose credentials a caller's requests carry upstream. */
export function identityOf(caller: Caller): Identity {
  return caller === "itself" ? "caller" : "own";
}

export interface GuardOptions {
  /** What the request says of the server's name. */
  readonly host: string;
  readonly acceptHosts: readonly RegExp[];
  readonly lendsIdentity: boolean;
}

/**
 * Who asks, or why the request is refused. A caller with credentials goes as it came. One without is the node, on a listener
 * that lends; there Host and Origin must be accepted ones, and the page that a browser asks for must be its own, so that no
 * web page in a browser on the node borrows the node's rights (CONTRACT 21; kubectl, pkg/proxy/proxy_server.go; W3C, Fetch Metadata).
 */
export function guard(head: RequestHead, options: GuardOptions): Caller | StatusError {
  if (head.hasCredentials) return "itself";
  if (!options.lendsIdentity) return unauthorized("Unauthorized");
  const { origin, fetchSite } = head;
  const { host } = options;
  if (!isAccepted(host, options.acceptHosts))
    return forbidden(`the Host header ${quoted(host)} is not among --accept-hosts`);
  if (origin !== undefined && !isAccepted(hostOf(origin), options.acceptHosts))
    return forbidden(`the Origin header ${quoted(origin)} is not among --accept-hosts`);
  if (fetchSite !== undefined && fetchSite !== "none" && fetchSite !== "same-origin")
    return forbidden(`Sec-Fetch-Site ${quoted(fetchSite)}: a page of another origin may not ask`);
  return head.impersonates ? "impersonator" : "node";
}

/** A caller's text in a message: no longer than it needs to be. */
function quoted(text: string): string {
  return JSON.stringify(text.length <= maxQuoted ? text : `${text.slice(0, maxQuoted)}…`);
}

const maxQuoted = 128;

/** What was accepted before, by the patterns: a node's clients use few names. */
const accepted = new WeakMap<readonly RegExp[], Set<string>>();
const maxAccepted = 64;
/** A name has at most 253 characters (RFC 1035 2.3.4), a port five. */
const maxHostLength = 260;

/** Whether a Host, with or without a port, is an accepted one, whatever its case. */
export function isAccepted(host: string, acceptHosts: readonly RegExp[]): boolean {
  const known = accepted.get(acceptHosts) ?? new Set();
  if (known.has(host)) return true;
  if (host.length > maxHostLength) return false;
  const name = host.replace(/:\d*$/, "").toLowerCase();
  if (!acceptHosts.some((pattern) => pattern.test(name))) return false;
  if (known.size < maxAccepted) known.add(host);
  accepted.set(acceptHosts, known);
  return true;
}

/** Whether a Host is an address: what is asked by address was not asked by a name that somebody has made up. */
export function isAddress(host: string): boolean {
  return /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9A-Fa-f:.]+\])(?::\d*)?$/.test(host);
}

/** `http://localhost:8080` → `localhost:8080`; `null` and junk stay what they are, and are not accepted. */
function hostOf(origin: string): string {
  return origin.replace(/^[a-z][a-z0-9+.-]*:\/\//i, "");
}
