import type { Machine } from "./machine.ts";
import { type BarChart, barChart, barPicture } from "./page/bar-chart.ts";
import { lineChart } from "./page/line-chart.ts";
import { formatPage, type Part, type Section } from "./page/page.ts";
import { chartStyle } from "./page/style.ts";
import { type Findings, formatMachine, loadTable, measureTable, noteLines } from "./report.ts";
import type { Curves, LoadRow } from "./result.ts";

/** The tables and plots of a run as one HTML file. */
export function formatReportPage(findings: Findings, machine: Machine): string {
  return formatPage({
    title: "edge-proxy bench",
    verdict: { is: "none", text: "bars are shown, never asserted" },
    about: formatMachine(machine).split("\n"),
    sections: [
      ...findings.map(chartSection),
      {
        title: "Load",
        parts: [{ kind: "table", rows: loadTable(findings) }],
      },
      { title: "Measures", parts: [{ kind: "table", rows: measureTable(findings) }] },
      { title: "Notes", parts: [{ kind: "lines", lines: noteLines(findings) }] },
    ],
  });
}

/** The picture for the README: LISTs from memory beside nginx and the apiserver; undefined when `list-hit` was not measured. */
export function formatPicture(findings: Findings): string | undefined {
  const results = findings.find(({ scenario }) => scenario === "list-hit")?.results ?? [];
  const rows = results
    .filter((result) => result.kind === "load")
    .filter(({ target }) => target.endsWith(" (json)"))
    .map((row) => ({ ...row, target: row.target.replace(" (json)", "") }));
  if (rows.length === 0) return undefined;
  const charts = comparisons(rows, "LISTs of 1,000 configmaps per second");
  return barPicture(charts, chartStyle);
}

function chartSection({ scenario, results }: Findings[number]): Section {
  const rows = results.filter((result) => result.kind === "load");
  const drawn = results.filter((result) => result.kind === "curves");
  const parts: readonly Part[] = [
    {
      kind: "charts",
      title: "Compared",
      charts: comparisons(rows, "requests per second").map(barChart),
    },
    ...drawn.map(curvePart),
  ];
  return { title: scenario, parts };
}

function curvePart({ title, unit, lines }: Curves): Part {
  const chart = lineChart({ xLabel: "seconds", yLabel: unit, lines });
  return { kind: "charts", title, charts: [chart] };
}

function comparisons(rows: readonly LoadRow[], throughput: string): readonly BarChart[] {
  // A server has one colour, whatever it was asked for: `edge-proxy (json)`.
  const servers = [...new Set(rows.map(({ target }) => serverOf(target)))];
  const bars = (valueOf: (row: LoadRow) => number) =>
    rows.map((row) => ({
      name: row.target,
      value: valueOf(row),
      colour: servers.indexOf(serverOf(row.target)),
    }));
  return [
    { title: throughput, unit: "/s", bars: bars(({ perSecond }) => perSecond) },
    { title: "median latency", unit: "ms", bars: bars(({ medianMs }) => medianMs) },
  ].filter((chart) => chart.bars.length > 0);
}

function serverOf(target: string): string {
  return target.replace(/ \(.*\)$/, "");
}
