import type { Machine } from "./machine.ts";
import { type LoadRow, type Measure, type Note, type Result, verdict } from "./result.ts";
import { formatNumber, formatTable } from "./table.ts";

/** What the scenarios of a run have found, in their order. */
export type Findings = readonly {
  readonly scenario: string;
  readonly results: readonly Result[];
}[];

type Table = readonly (readonly string[])[];

/** The tables that a run prints. */
export function formatReport(findings: Findings, machine: Machine): string {
  const tables = [loadTable(findings), measureTable(findings)]
    .filter((table) => table.length > 1)
    .map(formatTable);
  return [formatMachine(machine), ...tables, noteLines(findings).join("\n")]
    .filter((part) => part !== "")
    .join("\n\n");
}

/** What the figures depend on, in two lines. */
export function formatMachine(machine: Machine): string {
  const { cores, cpu, memoryGiB, kernel, bun, proxy, apiserver, nginx, pinning } = machine;
  return `${cores} cores (${cpu}), ${memoryGiB} GiB, Linux ${kernel}; ${pinning}
${proxy}; ${apiserver}; ${nginx}; Bun ${bun}`;
}

/** Streams of requests, a row each below the head. */
export function loadTable(findings: Findings): Table {
  const rows = findings.flatMap(({ scenario, results }) =>
    results.filter((result) => result.kind === "load").map((row) => loadCells(scenario, row)),
  );
  const head = [
    "scenario",
    "target",
    "median ms",
    "p99 ms",
    "req/s",
    "MB/s",
    "ratio",
    "server µs/req",
    "server cores",
    "client cores",
  ];
  return [head, ...rows];
}

function loadCells(scenario: string, row: LoadRow): readonly string[] {
  return [
    scenario,
    row.target,
    formatNumber(row.medianMs),
    formatNumber(row.p99Ms),
    formatNumber(row.perSecond),
    formatNumber(row.megabytesPerSecond),
    row.ratio === undefined ? "-" : formatNumber(row.ratio),
    row.serverMicroseconds === undefined ? "-" : formatNumber(row.serverMicroseconds),
    row.serverCores === undefined ? "-" : row.serverCores.toFixed(2),
    row.clientCores.toFixed(2),
  ];
}

/** Figures of their own with their bars, a row each below the head. */
export function measureTable(findings: Findings): Table {
  const rows = findings.flatMap(({ scenario, results }) =>
    results.filter((result) => result.kind === "measure").map((row) => measureCells(scenario, row)),
  );
  const head = ["scenario", "measure", "value", "unit", "bar", ""];
  return [head, ...rows];
}

function measureCells(scenario: string, row: Measure): readonly string[] {
  const { what, value, unit, bar } = row;
  const sign = bar?.at === "least" ? "≥" : "≤";
  return [
    scenario,
    what,
    formatNumber(value),
    unit,
    bar === undefined ? "" : `${sign} ${bar.value}`,
    verdict(row) ?? "",
  ];
}

/** What a reader must know of the figures, one line each. */
export function noteLines(findings: Findings): readonly string[] {
  return findings.flatMap(({ scenario, results }) =>
    results
      .filter((result): result is Note => result.kind === "note")
      .map(({ text }) => `${scenario}: ${text}`),
  );
}

/** The same as JSON: all figures, unrounded, and each bar's verdict. */
export function formatJson(findings: Findings, machine: Machine, seconds: number): string {
  const scenarios = findings.map(({ scenario, results }) => ({
    scenario,
    results: results.map((result) =>
      result.kind === "measure" ? { ...result, verdict: verdict(result) } : result,
    ),
  }));
  return `${JSON.stringify({ machine, seconds, scenarios }, undefined, 2)}\n`;
}
