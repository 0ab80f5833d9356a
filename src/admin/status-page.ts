import { printable } from "./printable.ts";

/** A scope for people. Times are milliseconds, sizes bytes. */
export interface ScopeRow {
  readonly scope: string;
  readonly phase: string;
  readonly objects: number;
  readonly byteLength: number;
  readonly resourceVersion: string;
  readonly silentMs: number;
  readonly watchers: number;
  readonly hits: number;
}

const columns = [
  "SCOPE",
  "STATE",
  "OBJECTS",
  "BYTES",
  "RESOURCEVERSION",
  "HEARD",
  "WATCHERS",
  "HITS",
];

/** What is cached, as a table in plain text, the most used first. */
export function renderScopes(rows: readonly ScopeRow[]): string {
  const cells = rows
    .toSorted((a, b) => b.hits - a.hits)
    .map((row) => [
      row.scope,
      row.phase,
      String(row.objects),
      formatBytes(row.byteLength),
      row.resourceVersion,
      `${(row.silentMs / 1000).toFixed(1)}s ago`,
      String(row.watchers),
      String(row.hits),
    ]);
  return renderTable([columns, ...cells]);
}

/** Columns as wide as their widest cell, three spaces apart, as kubectl prints them. */
export function renderTable(given: readonly (readonly string[])[]): string {
  const rows = given.map((row) => row.map(printable));
  const widths = (rows[0] ?? []).map((_, at) =>
    Math.max(...rows.map((row) => row[at]?.length ?? 0)),
  );
  const lines = rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd((widths[at] ?? 0) + 3))
      .join("")
      .trimEnd(),
  );
  return `${lines.join("\n")}\n`;
}

/** 1536 → `1.5Ki`. */
export function formatBytes(bytes: number): string {
  const units = ["", "Ki", "Mi", "Gi"];
  let value = bytes;
  let at = 0;
  while (value >= 1024 && at < units.length - 1) {
    value /= 1024;
    at++;
  }
  return `${at === 0 ? value : value.toFixed(1)}${units[at] ?? ""}`;
}
