import type { ListWatchRefusal } from "./lister-watcher.ts";

/** Upstream refused, in its own words. */
export class RefusedError extends Error {
  readonly status: number;
  constructor({ status, message }: ListWatchRefusal) {
    super(message);
    this.name = "RefusedError";
    this.status = status;
  }
}

/** An ERROR event. */
export class WatchError extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.name = "WatchError";
    this.code = code;
  }
}

/** A 410, as an answer or as an event: what lies between is not known any more. */
export function hasLostHistory(error: unknown): boolean {
  if (error instanceof RefusedError) return error.status === 410;
  return error instanceof WatchError && error.code === 410;
}

/** What is held is of another history than upstream's: nothing leads from one to the other (CONTRACT 17). */
export class AnotherHistoryError extends Error {
  /** By the clock of `performance.now()`: what upstream said before this may have been of the history that is held. */
  readonly sinceMs: number;

  constructor(resourceVersion: string | undefined, sinceMs: number) {
    super(`the state at ${resourceVersion} is of another history than upstream's`);
    this.name = "AnotherHistoryError";
    this.sinceMs = sinceMs;
  }
}
