import { formatNumber, formatTable } from "../table.ts";
import type { Check } from "./checks.ts";
import { hasPassed, type Outcome, type Report } from "./outcome.ts";

/** A table as rows of text; the first row is the head. */
export type Table = readonly (readonly string[])[];

/** What is printed at the end: latencies, use, checks, and what failed. */
export function formatReport(report: Report): string {
  const tables = [operationTable, usageTable, checkTable]
    .map((table) => table(report.outcomes))
    .filter((table) => table.length > 1)
    .map(formatTable);
  const lines = [noteLines(report.outcomes), failureLines(report.outcomes), [verdictLine(report)]];
  return [
    ...tables,
    ...lines.filter((each) => each.length > 0).map((each) => each.join("\n")),
  ].join("\n\n");
}

export function operationTable(outcomes: readonly Outcome[]): Table {
  const head = [
    "case",
    "target",
    "operation",
    "count",
    "p50 ms",
    "p90 ms",
    "p99 ms",
    "max ms",
    "MB",
  ];
  const rows = outcomes.flatMap((outcome) =>
    outcome.operations.map((operation) => [
      outcome.case,
      outcome.target,
      operation.name,
      String(operation.count),
      formatNumber(operation.medianMs),
      formatNumber(operation.p90Ms),
      formatNumber(operation.p99Ms),
      formatNumber(operation.slowestMs),
      formatNumber(operation.bytes / 1e6),
    ]),
  );
  return [head, ...rows];
}

/** Of cases that ask for a while: what the target's process has used, and what this one has. */
export function usageTable(outcomes: readonly Outcome[]): Table {
  const head = [
    "case",
    "target",
    "req/s",
    "CPU µs/req",
    "cores",
    "RSS MB, highest",
    "RSS MB, at the end",
    "client cores",
  ];
  const rows = outcomes
    .filter(({ usage }) => usage.seconds > 0)
    .map((outcome) => {
      const { seconds, cpuSeconds, highestRss, lastRss, clientCpuSeconds } = outcome.usage;
      const count = requestCount(outcome);
      return [
        outcome.case,
        outcome.target,
        formatNumber(count / seconds),
        shown(cpuSeconds, (cpu) => (cpu / count) * 1e6),
        shown(cpuSeconds, (cpu) => cpu / seconds),
        shown(highestRss, (bytes) => bytes / 1e6),
        shown(lastRss, (bytes) => bytes / 1e6),
        formatNumber(clientCpuSeconds / seconds),
      ];
    });
  return [head, ...rows];
}

export function checkTable(outcomes: readonly Outcome[]): Table {
  const head = ["case", "target", "check", "held", ""];
  const rows = outcomes.flatMap((outcome) => [
    ...outcome.checks.map((check) => checkRow(outcome, check)),
    ...(outcome.error === undefined
      ? []
      : [[outcome.case, outcome.target, "the case could be made", "", "FAILED"]]),
  ]);
  return [head, ...rows];
}

/** Every failure with what was there instead, one line each. */
export function failureLines(outcomes: readonly Outcome[]): readonly string[] {
  return outcomes.flatMap((outcome) => {
    const place = `${outcome.case}, ${outcome.target}`;
    return [
      ...(outcome.error === undefined ? [] : [`${place}: ${outcome.error}`]),
      ...outcome.checks.flatMap(({ name, failures }) =>
        failures.map(
          ({ text, times }) => `${place}: ${name}: ${text}${times > 1 ? ` (${times} times)` : ""}`,
        ),
      ),
    ];
  });
}

/** What a reader must know of the figures, one line each. */
export function noteLines(outcomes: readonly Outcome[]): readonly string[] {
  return outcomes.flatMap(({ case: name, target, notes }) =>
    notes.map((note) => `${name}, ${target}: ${note}`),
  );
}

/** How many requests a case has made. */
export function requestCount({ operations }: Outcome): number {
  return operations.reduce((total, { count }) => total + count, 0);
}

/** Whether it has passed, and what has not. */
export function verdictLine({ outcomes, passed }: Report): string {
  const failed = outcomes.filter((outcome) => !hasPassed(outcome)).map((each) => each.case);
  if (passed) return "every check held";
  return failed.length > 0
    ? `FAILED: ${[...new Set(failed)].join(", ")}`
    : "FAILED: something is left in the cluster";
}

function checkRow({ case: name, target }: Outcome, check: Check): readonly string[] {
  const verdict = check.held === check.made ? "ok" : "FAILED";
  return [name, target, check.name, `${check.held}/${check.made}`, verdict];
}

function shown(value: number | undefined, convert: (value: number) => number): string {
  return value === undefined ? "-" : formatNumber(convert(value));
}
