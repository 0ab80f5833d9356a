import { atMost, curves, measure, note, type Result } from "../result.ts";
import { latencyLines, memoryLines } from "./outcome-lines.ts";
import type { Outcome } from "./outcome.ts";

/** What a case has found, as the results of a scenario. Throws when the case could not be made. */
export function outcomeResults(outcomes: readonly Outcome[]): readonly Result[] {
  const failed = outcomes.find(({ error }) => error !== undefined);
  if (failed?.error !== undefined) throw new Error(failed.error);
  const latency = latencyLines(outcomes);
  const memory = memoryLines(outcomes);
  return [
    ...outcomes.flatMap(checkResults),
    ...outcomes.flatMap(costResults),
    ...outcomes.flatMap(({ target, notes }) => notes.map((text) => note(`${target}: ${text}`))),
    ...(latency.some(({ points }) => points.length > 0)
      ? [curves("latency over time", "ms", latency)]
      : []),
    ...(memory.some(({ points }) => points.length > 0)
      ? [curves("resident memory over time", "MB", memory)]
      : []),
  ];
}

/** Fewer have no p99 to speak of. */
const leastForP99 = 1000;

function checkResults({ target, checks }: Outcome): readonly Result[] {
  const sum = (of: "made" | "held") => checks.reduce((total, check) => total + check[of], 0);
  return [
    measure(`${target}: answers compared`, sum("made"), ""),
    measure(`${target}: of these wrong`, sum("made") - sum("held"), "", atMost(0)),
    ...checks.flatMap(({ name, failures }) =>
      failures.map(({ text }) => note(`${target}: ${name}: ${text}`)),
    ),
  ];
}

function costResults({ target, operations, usage }: Outcome): readonly Result[] {
  const { seconds, cpuSeconds, highestRss } = usage;
  const count = operations.reduce((total, operation) => total + operation.count, 0);
  return [
    ...operations.flatMap(({ name, count: times, medianMs, p99Ms, slowestMs }) => [
      times === 1
        ? measure(`${target}: ${name}`, slowestMs, "ms")
        : measure(`${target}: ${name}, median`, medianMs, "ms"),
      ...(times < leastForP99 ? [] : [measure(`${target}: ${name}, p99`, p99Ms, "ms")]),
    ]),
    ...(seconds > 0 ? [measure(`${target}: requests per second`, count / seconds, "/s")] : []),
    ...(seconds > 0 && cpuSeconds !== undefined
      ? [measure(`${target}: CPU per request`, (cpuSeconds / count) * 1e6, "µs")]
      : []),
    ...(highestRss === undefined
      ? []
      : [measure(`${target}: RSS, highest`, highestRss / 1e6, "MB")]),
  ];
}
