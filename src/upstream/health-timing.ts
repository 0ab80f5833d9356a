/** How long each step of CONTRACT 18 takes, in milliseconds. */
export interface HealthTiming {
  /** After so long without a sign of life a probe is sent (`--health-interval`). */
  readonly intervalMs: number;
  /** A request, or a probe of a quiet link, without a head for so long is doubt. */
  readonly patienceMs: number;
  /** The second probe comes so long after the first. */
  readonly secondProbeMs: number;
  /** Probes may take so long from the beginning of doubt: a round trip of 800 ms is answered by then. */
  readonly verdictMs: number;
  /** A probe whose TLS handshake has completed may take so much longer: packets flow. */
  readonly handshakenMs: number;
  /** While down, from one probe to the next at first, and at most. */
  readonly retryMs: number;
  readonly maxRetryMs: number;
  /** In [0, 1). */
  readonly random: () => number;
}

export function healthTiming(intervalMs: number): HealthTiming {
  return {
    intervalMs,
    patienceMs: 1000,
    secondProbeMs: 700,
    verdictMs: 2400,
    handshakenMs: 5000,
    retryMs: 1000,
    maxRetryMs: 5000,
    random: Math.random,
  };
}

/** The wait before the next probe while down: half as long again each time, and up to as much by chance. */
export function retryWait(retries: number, timing: HealthTiming): number {
  const waitMs = timing.retryMs * 1.5 ** Math.min(retries, 20);
  return Math.min(timing.maxRetryMs, waitMs * (1 + timing.random() / 2));
}
