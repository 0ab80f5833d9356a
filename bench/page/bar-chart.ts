import { formatNumber } from "../table.ts";
import { escape } from "./escape.ts";
import { colours } from "./style.ts";

export interface Bar {
  readonly name: string;
  readonly value: number;
  /** Which colour; bars of one target share it over all charts. */
  readonly colour: number;
}

export interface BarChart {
  readonly title: string;
  /** After each value. */
  readonly unit: string;
  readonly bars: readonly Bar[];
}

const width = 430;
const rowHeight = 26;
const head = 26;
const valueRoom = 96;

/** An SVG of horizontal bars from 0 on, in the classes of `chartStyle`; empty when there are none. */
export function barChart(chart: BarChart): string {
  if (chart.bars.length === 0) return "";
  const height = head + chart.bars.length * rowHeight;
  const label = `${chart.title}: ${chart.bars.map(({ name, value }) => `${name} ${formatNumber(value)} ${chart.unit}`).join(", ")}`;
  return `<svg class="chart" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escape(label)}">${barParts(chart, 0)}</svg>`;
}

/** Several charts as one picture that stands alone, one below the other, the style within. */
export function barPicture(charts: readonly BarChart[], style: string): string {
  const heights = charts.map(({ bars }) => head + bars.length * rowHeight + 14);
  const tops = heights.map((_, at) => heights.slice(0, at).reduce((sum, each) => sum + each, 0));
  const height = heights.reduce((sum, each) => sum + each, 0);
  const parts = charts.map((chart, at) => barParts(chart, tops[at] ?? 0));
  return `<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img"><style>${style}</style>${parts.join("")}</svg>\n`;
}

function barParts({ title, unit, bars }: BarChart, top: number): string {
  const names = Math.max(...bars.map(({ name }) => name.length)) * 6.6 + 10;
  const room = width - names - valueRoom;
  const highest = Math.max(...bars.map(({ value }) => value)) || 1;
  const rows = bars.map(({ name, value, colour }, at) => {
    const y = top + head + at * rowHeight;
    const length = Math.max(1, (value / highest) * room);
    return `<text x="0" y="${y + 14}">${escape(name)}</text><rect class="b${colour % colours}" x="${names.toFixed(0)}" y="${y + 2}" width="${length.toFixed(1)}" height="16" rx="2"/><text x="${(names + length + 6).toFixed(1)}" y="${y + 14}">${formatNumber(value)} ${escape(unit)}</text>`;
  });
  return `<text class="soft" x="0" y="${top + 14}">${escape(title)}</text>${rows.join("")}`;
}
