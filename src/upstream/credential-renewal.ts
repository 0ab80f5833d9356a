/** Read again when a fifth of the life is left, at least 10 s and at most 60 s of it. */
const marginShare = 0.2;
const leastMarginMs = 10_000;
const mostMarginMs = 60_000;
/** The least between two readings for credentials that live shorter than the margin. */
const leastDelayMs = 1000;
/** After a reading that failed, and for credentials that had ended when they came. */
export const retryDelayMs = 30_000;
/** A timer holds 31 bits. */
const longestTimerMs = 2 ** 31 - 1;

/** How long from now until credentials that end at a time are to be read again; undefined: not because of the time. */
export function renewalDelay(expiresAt: number | undefined, now: number): number | undefined {
  if (expiresAt === undefined) return undefined;
  const remaining = expiresAt - now;
  if (remaining <= 0) return retryDelayMs;
  const margin = Math.min(mostMarginMs, Math.max(leastMarginMs, remaining * marginShare));
  return Math.min(longestTimerMs, Math.max(leastDelayMs, remaining - margin));
}
