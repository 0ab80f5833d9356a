import { type BarChart, barChart } from "../page/bar-chart.ts";
import { type Line, lineChart } from "../page/line-chart.ts";
import { formatPage, type Section } from "../page/page.ts";
import { hasPassed, type Outcome, type Report } from "./outcome.ts";
import {
  checkTable,
  failureLines,
  noteLines,
  operationTable,
  requestCount,
  usageTable,
} from "./tables.ts";

/** Slices of other targets lie between those of one: only neighbours are joined. */
const latencyGapSeconds = 2.5;
const memoryGapSeconds = 5;

/** The report as one HTML file. */
export function formatReportPage(report: Report): string {
  const { outcomes, version, began, machine, targets, durationSeconds, concurrency } = report;
  const failed = outcomes.filter((outcome) => !hasPassed(outcome)).map((each) => each.case);
  return formatPage({
    title: "benchmark",
    verdict: report.passed
      ? { is: "good", text: "every check held" }
      : { is: "bad", text: `failed: ${[...new Set(failed)].join(", ")}` },
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

function chartSection({ outcomes, targets }: Report): Section {
  const asked = outcomes.filter(({ usage }) => usage.seconds > 0);
  const colourOf = ({ target }: Outcome) => targets.findIndex(({ name }) => name === target);
  return {
    title: "LISTs of 1,000 configmaps by label",
    parts: [
      {
        kind: "charts",
        title: "Targets compared",
        charts: comparisons(asked, colourOf).map(barChart),
      },
      { kind: "charts", title: "Latency over time", charts: [latencyChart(asked, colourOf)] },
      {
        kind: "charts",
        title: "Resident memory over time",
        charts: [memoryChart(asked, colourOf)],
      },
    ],
  };
}

type ColourOf = (outcome: Outcome) => number;

function comparisons(outcomes: readonly Outcome[], colourOf: ColourOf): readonly BarChart[] {
  const chart = (
    title: string,
    unit: string,
    valueOf: (outcome: Outcome) => number | undefined,
  ): BarChart => ({
    title,
    unit,
    bars: outcomes.flatMap((outcome) => {
      const value = valueOf(outcome);
      const { target: name } = outcome;
      return value === undefined ? [] : [{ name, value, colour: colourOf(outcome) }];
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

function latencyChart(outcomes: readonly Outcome[], colourOf: ColourOf): string {
  const lines = outcomes.flatMap((outcome): readonly Line[] => {
    const common = { colour: colourOf(outcome), gap: latencyGapSeconds };
    const { target, latency } = outcome;
    return [
      {
        ...common,
        name: `${target} p50`,
        look: "solid",
        points: latency.map(({ at, medianMs }) => [at, medianMs]),
      },
      {
        ...common,
        name: `${target} p99`,
        look: "dashed",
        points: latency.map(({ at, p99Ms }) => [at, p99Ms]),
      },
    ];
  });
  return lineChart({ xLabel: "seconds", yLabel: "ms", lines });
}

function memoryChart(outcomes: readonly Outcome[], colourOf: ColourOf): string {
  const lines = outcomes.map((outcome): Line => ({
    name: outcome.target,
    colour: colourOf(outcome),
    look: "solid",
    gap: memoryGapSeconds,
    points: outcome.memory.map(({ at, rss }) => [at, rss / 1e6]),
  }));
  return lineChart({ xLabel: "seconds", yLabel: "MB", lines });
}
