import { describe, expect, test } from "bun:test";

import type { Machine } from "./machine.ts";
import { formatPicture, formatReportPage } from "./report-page.ts";
import { atLeast, curves, type LoadRow, measure } from "./result.ts";

const row = (target: string, perSecond: number): LoadRow => ({
  kind: "load",
  target,
  medianMs: 1,
  p99Ms: 2,
  perSecond,
  megabytesPerSecond: 3,
  ratio: undefined,
  clientCores: 0.5,
  serverCores: undefined,
  serverMicroseconds: undefined,
});
const listHit = {
  scenario: "list-hit",
  results: [
    row("edge-proxy (json)", 100),
    row("apiserver (json)", 2),
    row("edge-proxy (protobuf)", 7),
  ],
};
const machine: Machine = {
  cores: 2,
  cpu: "x",
  memoryGiB: 1,
  kernel: "6",
  bun: "1",
  proxy: "edge-proxy 1",
  apiserver: "fake",
  nginx: "none",
  pinning: "none",
};

describe("formatPicture", () => {
  test("shows the servers of list-hit in JSON", () => {
    const picture = formatPicture([listHit]) ?? "";
    expect(picture).toContain(">edge-proxy</text>");
    expect(picture).toContain(">100 /s</text>");
    expect(picture).not.toContain("protobuf");
  });

  test("is none where list-hit was not measured", () => {
    expect(formatPicture([{ ...listHit, scenario: "get-hit" }])).toBeUndefined();
  });
});

describe("formatReportPage", () => {
  test("has bars, plots and the verdicts of bars", () => {
    const line = { name: "rss", colour: 0, look: "solid", gap: 2, points: [[0, 70]] } as const;
    const results = [measure("ratio", 0.5, "×", atLeast(1)), curves("memory", "MB", [line])];
    const page = formatReportPage([listHit, { scenario: "idle", results }], machine);
    expect(page.match(/<svg /g)).toHaveLength(3);
    expect(page).toContain('<td class="bad">MISSED</td>');
    expect(page).toContain("<h3>memory</h3>");
  });
});
