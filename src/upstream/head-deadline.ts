import { ConnectTimeoutError, HeadTimeoutError } from "./apiserver-errors.ts";

/** Until when a response head must be there (CONTRACT 19). */
export interface HeadDeadline {
  readonly signal: AbortSignal;
  /** Milliseconds; undefined: no limit. */
  readonly headMs: number | undefined;
  /** fetch sets no time for connecting: what has no head by then is doubted, and another connection tried. */
  readonly connectMs: number;
  readonly isConnectable: () => Promise<boolean>;
}

/** Sends with a signal that is the caller's, and ends what is late until the head is there; the body has no deadline of this. */
export async function withHeadDeadline<T>(
  { signal, headMs, connectMs, isConnectable }: HeadDeadline,
  send: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const head = new AbortController();
  let isWaiting = true;
  const giveUp = (error: Error) => isWaiting && head.abort(error);
  const doubt = setTimeout(() => {
    void isConnectable().then((is) => is || giveUp(new ConnectTimeoutError(connectMs)));
  }, connectMs);
  const late = headMs && setTimeout(() => giveUp(new HeadTimeoutError(headMs)), headMs);
  try {
    return await send(AbortSignal.any([signal, head.signal]));
  } finally {
    isWaiting = false;
    clearTimeout(doubt);
    if (late) clearTimeout(late);
  }
}
