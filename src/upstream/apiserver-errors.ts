import { splitTarget } from "../api/query.ts";
import { badGateway, serviceUnavailable, StatusError, timeout } from "../api/status.ts";
import type { FailureKind } from "./health-state.ts";

/** No response head within the time. */
export class HeadTimeoutError extends Error {
  readonly limitMs: number;
  constructor(limitMs: number) {
    super(`no response head within ${limitMs} ms`);
    this.name = "HeadTimeoutError";
    this.limitMs = limitMs;
  }
}

/** A connection that was kept is dead, although others are to be had. */
export class StaleConnectionError extends Error {
  constructor() {
    super("a kept connection is dead");
    this.name = "StaleConnectionError";
  }
}

/** It was asked for a second time on another connection, which was the faster. */
export class AnsweredElsewhereError extends StaleConnectionError {
  readonly response: Response;
  constructor(response: Response) {
    super();
    this.response = response;
  }
}

/** What failed. */
export interface FailedRequest {
  readonly method: string;
  readonly target: string;
  readonly server: string;
}

/** The failure of one request of a server that answers others, as a Status (502, 503, 504) that says what was asked of whom. */
export function explainFailure(error: unknown, failed: FailedRequest): StatusError {
  const { method, target, server } = failed;
  const what = `the kube-apiserver ${server} did not answer ${method} ${pathOf(target)}`;
  if (error instanceof HeadTimeoutError)
    return timeout(`${what} within ${error.limitMs / 1000} s`, error);
  const reason = codeOf(error) ?? (error instanceof Error ? error.message : String(error));
  const text = `${what} (${reason})`;
  return isUnreachable(error) ? serviceUnavailable(text, error) : badGateway(text, error);
}

export function isSafe(method: string): boolean {
  return method === "GET" || method === "HEAD";
}

export function isTimeout(error: unknown): boolean {
  return (
    error instanceof HeadTimeoutError || (error instanceof Error && error.name === "TimeoutError")
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

/** A new connection that was refused, or whose TLS failed: nothing was sent over it. */
export function hasNoConnection(error: unknown): boolean {
  const code = codeOf(error) ?? "";
  return (code !== "ETIMEDOUT" && unreachable.has(code)) || tlsFailure.test(code);
}

const tlsFailure = /^(?:EPROTO$|CERT_|ERR_TLS_|DEPTH_ZERO_|UNABLE_TO_|SELF_SIGNED_)/;

/** What a failure says of the way to the server. */
export function failureKind(error: unknown): FailureKind {
  return hasNoConnection(error) ? "refused" : "broken";
}

export function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** Without the query, which may be long. */
export function pathOf(target: string): string {
  return splitTarget(target).path;
}
