import { HeadTimeoutError } from "./apiserver-errors.ts";

/** Until when a response head must be there (CONTRACT 19). */
export interface HeadDeadline {
  readonly signal: AbortSignal;
  /** Milliseconds; undefined: no limit. */
  readonly headMs: number | undefined;
  /** Told that a head is waited for, and how to give that up; the result says that the waiting is over. */
  readonly watchHead: (giveUp: (error: Error) => void) => () => void;
}

/** Sends with a signal that is the caller's, and ends what is late until the head is there; the body has no deadline of this. */
export async function withHeadDeadline<T>(
  { signal, headMs, watchHead }: HeadDeadline,
  send: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const head = new AbortController();
  const giveUp = (error: Error) => head.abort(error);
  const endWaiting = watchHead(giveUp);
  const late = headMs && setTimeout(() => giveUp(new HeadTimeoutError(headMs)), headMs);
  try {
    return await send(AbortSignal.any([signal, head.signal]));
  } finally {
    endWaiting();
    if (late) clearTimeout(late);
  }
}
