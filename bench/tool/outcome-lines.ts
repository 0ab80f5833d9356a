import type { Line } from "../page/line-chart.ts";
import type { Outcome } from "./outcome.ts";

/** Slices of other targets lie between those of one: only neighbours are joined. */
const latencyGapSeconds = 1.5;
const memoryGapSeconds = 5;

/** Median and p99 of each target over time, in milliseconds; a target has one colour over all charts of its case. */
export function latencyLines(outcomes: readonly Outcome[]): readonly Line[] {
  return outcomes.flatMap(({ target, latency }, colour): readonly Line[] => [
    {
      name: `${target} p50`,
      colour,
      look: "solid",
      gap: latencyGapSeconds,
      points: latency.map(({ at, medianMs }) => [at, medianMs]),
    },
    {
      name: `${target} p99`,
      colour,
      look: "dashed",
      gap: latencyGapSeconds,
      points: latency.map(({ at, p99Ms }) => [at, p99Ms]),
    },
  ]);
}

/** Resident memory of each target over time, in megabytes. */
export function memoryLines(outcomes: readonly Outcome[]): readonly Line[] {
  return outcomes.map(({ target, memory }, colour) => ({
    name: target,
    colour,
    look: "solid",
    gap: memoryGapSeconds,
    points: memory.map(({ at, rss }) => [at, rss / 1e6]),
  }));
}
