import { splitTarget } from "../api/query.ts";
import { badGateway, serviceUnavailable, StatusError, timeout } from "../api/status.ts";

/** No response head within the time. */
export class HeadTimeoutError extends Error {
  readonly limitMs: number;
  constructor(limitMs: number) {
    super(`no response head within ${limitMs} ms`);
    this.name = "HeadTimeoutError";
    this.limitMs = limitMs;
  }
}

/** No head, and no other connection to be had within the time. */
export class ConnectTimeoutError extends Error {
  constructor(limitMs: number) {
    super(`no connection within ${limitMs / 1000} s`);
    this.name = "ConnectTimeoutError";
  }
}

/** What failed. */
export interface FailedRequest {
  readonly method: string;
  readonly target: string;
  readonly server: string;
  readonly failingSince: Date;
}

/** The failure as a Status (502, 503, 504) that says what was asked of whom, and since when nothing was answered. */
export function explainFailure(error: unknown, failed: FailedRequest): StatusError {
  const { method, target, server, failingSince } = failed;
  const what = `the kube-apiserver ${server} did not answer ${method} ${pathOf(target)}`;
  const since = `; unreachable since ${failingSince.toISOString()}`;
  if (error instanceof HeadTimeoutError)
    return timeout(`${what} within ${error.limitMs / 1000} s${since}`, error);
  const reason = codeOf(error) ?? (error instanceof Error ? error.message : String(error));
  const text = `${what} (${reason})${since}`;
  if (error instanceof ConnectTimeoutError)
    return isSafe(method)
      ? serviceUnavailable(text, error)
      : timeout(`${text}; it may have been applied`, error);
  return isUnreachable(error) ? serviceUnavailable(text, error) : badGateway(text, error);
}

export function isSafe(method: string): boolean {
  return method === "GET" || method === "HEAD";
}

export function isTimeout(error: unknown): boolean {
  return (
    error instanceof HeadTimeoutError ||
    error instanceof ConnectTimeoutError ||
    (error instanceof Error && error.name === "TimeoutError")
  );
}

/** Nothing was sent: nobody listens there. */
export function isRefused(error: unknown): boolean {
  return codeOf(error) === "ConnectionRefused" || codeOf(error) === "ECONNREFUSED";
}

const unreachable = new Set([
  "ConnectionRefused",
  "ECONNREFUSED",
  "ENOTFOUND",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "FailedToOpenSocket",
  "EAI_AGAIN",
  "ETIMEDOUT",
]);

/** There was no connection, or it is no more. */
export function isUnreachable(error: unknown): boolean {
  return unreachable.has(codeOf(error) ?? "");
}

export function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** Without the query, which may be long. */
export function pathOf(target: string): string {
  return splitTarget(target).path;
}
