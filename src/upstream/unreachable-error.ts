import { serviceUnavailable, StatusError, timeout } from "../api/status.ts";
import { isSafe, pathOf } from "./apiserver-errors.ts";
import type { Outage } from "./health-monitor.ts";

/** No apiserver is reachable: who knows an older answer may give that. Without Retry-After (CONTRACT 11). */
export class UnreachableError extends StatusError {
  readonly since: Date;

  constructor({ status }: StatusError, since: Date, cause?: unknown) {
    super(status, cause);
    this.name = "UnreachableError";
    this.since = since;
  }
}

/** `nothing`: no byte has gone out, so nothing can have been done. `perhaps`: what was sent may arrive, or has. */
export type Sent = "nothing" | "perhaps";

/** 503, or 504 for a write that may have been applied (CONTRACT 18). */
export function unreachable(
  server: string,
  { since }: Outage,
  { method, target }: { readonly method: string; readonly target: string },
  sent: Sent,
  cause?: unknown,
): UnreachableError {
  const what = `the kube-apiserver ${server} is unreachable since ${since.toISOString()}`;
  const asked = `${method} ${pathOf(target)}`;
  const isApplied = sent === "perhaps" && !isSafe(method);
  const error = isApplied
    ? timeout(`${what}: ${asked} was sent and may have been applied`)
    : serviceUnavailable(
        `${what}: ${asked} ${sent === "nothing" ? "was not sent" : "got no answer"}`,
      );
  return new UnreachableError(error, since, cause);
}
