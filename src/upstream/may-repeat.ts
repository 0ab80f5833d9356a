import {
  isRefused,
  isSafe,
  isTimeout,
  isUnreachable,
  StaleConnectionError,
} from "./apiserver-errors.ts";
import type { Lane } from "./sessions.ts";

export interface Failed {
  readonly method: string;
  readonly body?: ReadableStream<Uint8Array> | null;
  readonly lane: Lane;
  readonly signal: AbortSignal;
}

/**
 * Whether to send it a second time: a safe read whose connection failed, a write without a body that was refused. Over a
 * connection that was used before, fetch has sent a read again already, once for each kept one that was dead (BUN.md 5l);
 * over HTTP/2 it does not.
 */
export function mayRepeat(
  error: unknown,
  { method, body, lane, signal }: Failed,
  over: "used connections" | "new connections",
): boolean {
  if (!isSafe(method)) return !signal.aborted && !body && isRefused(error);
  if (!isBrokenRead(error, { method, signal })) return false;
  if (error instanceof StaleConnectionError || isUnreachable(error)) return true;
  return over === "new connections" || lane !== "bulk";
}

/** Whether it is a safe read that failed by its connection, neither late nor given up. */
export function isBrokenRead(
  error: unknown,
  { method, signal }: Pick<Failed, "method" | "signal">,
): boolean {
  return isSafe(method) && !signal.aborted && !isTimeout(error);
}
