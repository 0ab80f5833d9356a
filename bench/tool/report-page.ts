import { type BarChart, barChart } from "../page/bar-chart.ts";
import { lineChart } from "../page/line-chart.ts";
import { formatPage, type Section } from "../page/page.ts";
import { latencyLines, memoryLines } from "./outcome-lines.ts";
import type { Outcome, Report } from "./outcome.ts";
import {
  checkTable,
  failureLines,
  noteLines,
  operationTable,
  requestCount,
  usageTable,
  verdictLine,
} from "./tables.ts";

/** The report as one HTML file. */
export function formatReportPage(report: Report): string {
  const { outcomes, version, began, machine, targets, durationSeconds, concurrency } = report;
  return formatPage({
    title: "benchmark",
    verdict: { is: report.passed ? "good" : "bad", text: verdictLine(report) },
    about: [
      targets.map(({ name, url }) => `${name} at ${url}`).join(", "),
      `${began}; ${machine}; benchmark ${version}; resource for ${durationSeconds} s each, ${concurrency} at a time`,
    ],
    sections: [
      { title: "What failed", parts: [{ kind: "lines", lines: failureLines(outcomes) }] },
      chartSection(report),
      { title: "Cost", parts: [{ kind: "table", rows: usageTable(outcomes) }] },
      { title: "Checks", parts: [{ kind: "table", rows: checkTable(outcomes) }] },
      { title: "Latency by operation", parts: [{ kind: "table", rows: operationTable(outcomes) }] },
      { title: "Notes", parts: [{ kind: "lines", lines: noteLines(outcomes) }] },
    ],
  });
}

function chartSection({ outcomes }: Report): Section {
  const asked = outcomes.filter(({ usage }) => usage.seconds > 0);
  const latency = { xLabel: "seconds", yLabel: "ms", lines: latencyLines(asked) };
  const memory = { xLabel: "seconds", yLabel: "MB", lines: memoryLines(asked) };
  return {
    title: "LISTs of 1,000 configmaps by label",
    parts: [
      { kind: "charts", title: "Targets compared", charts: comparisons(asked).map(barChart) },
      { kind: "charts", title: "Latency over time", charts: [lineChart(latency)] },
      { kind: "charts", title: "Resident memory over time", charts: [lineChart(memory)] },
    ],
  };
}

function comparisons(outcomes: readonly Outcome[]): readonly BarChart[] {
  const chart = (
    title: string,
    unit: string,
    valueOf: (outcome: Outcome) => number | undefined,
  ): BarChart => ({
    title,
    unit,
    bars: outcomes.flatMap((outcome, colour) => {
      const value = valueOf(outcome);
      return value === undefined ? [] : [{ name: outcome.target, value, colour }];
    }),
  });
  return [
    chart("LISTs per second", "/s", (each) => requestCount(each) / each.usage.seconds),
    chart("median latency", "ms", ({ operations }) => operations[0]?.medianMs),
    chart("CPU per LIST", "µs", (each) => {
      const { cpuSeconds } = each.usage;
      return cpuSeconds === undefined ? undefined : (cpuSeconds / requestCount(each)) * 1e6;
    }),
    chart("resident memory, highest", "MB", ({ usage }) =>
      usage.highestRss === undefined ? undefined : usage.highestRss / 1e6,
    ),
  ];
}
