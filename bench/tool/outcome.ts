import type { Check } from "./checks.ts";
import type { LatencyPoint } from "./latency-series.ts";
import type { CaseName } from "./options.ts";
import type { Operation } from "./timings.ts";
import type { MemoryPoint, UsageTotal } from "./usage-meter.ts";

/** What one case has found of one target. */
export interface Outcome {
  readonly case: CaseName;
  readonly target: string;
  readonly operations: readonly Operation[];
  readonly checks: readonly Check[];
  readonly usage: UsageTotal;
  readonly latency: readonly LatencyPoint[];
  readonly memory: readonly MemoryPoint[];
  readonly notes: readonly string[];
  /** Why the case could not be made; undefined when it could. */
  readonly error: string | undefined;
}

export interface Report {
  readonly version: string;
  /** ISO 8601. */
  readonly began: string;
  readonly machine: string;
  readonly targets: readonly { readonly name: string; readonly url: string }[];
  readonly durationSeconds: number;
  readonly concurrency: number;
  readonly outcomes: readonly Outcome[];
  /** Whether every case was made and every check held. */
  readonly passed: boolean;
}

/** Whether it was made, compared something, and all of that held. */
export function hasPassed({ error, checks }: Outcome): boolean {
  return (
    error === undefined && checks.length > 0 && checks.every(({ made, held }) => made === held)
  );
}
