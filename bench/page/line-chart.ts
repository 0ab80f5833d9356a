import { formatNumber } from "../table.ts";
import { escape } from "./escape.ts";
import { linearScale, logScale, type Scale } from "./scale.ts";
import { colours } from "./style.ts";

/** A line of a chart; points in the order of x. */
export interface Line {
  readonly name: string;
  /** Which colour; lines of one target share it. */
  readonly colour: number;
  readonly look: "solid" | "dashed";
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Points further apart than this are not joined: between them nothing was measured. */
  readonly gap: number;
}

export interface LineChart {
  readonly xLabel: string;
  readonly yLabel: string;
  readonly lines: readonly Line[];
}

const width = 880;
const [plotTop, plotHeight] = [30, 210];
const area = { left: 60, right: 16, bottom: 36 };
const legendRow = 18;
/** From here on small values would all lie on the axis. */
const logFrom = 20;

/** An SVG of the chart, in the classes of `chartStyle`; empty when there are no points. */
export function lineChart({ xLabel, yLabel, lines }: LineChart): string {
  const drawn = lines.filter(({ points }) => points.length > 0);
  if (drawn.length === 0) return "";
  const x = linearScale(
    Math.max(1, ...drawn.flatMap(({ points }) => points.map(([at]) => at))),
    "exact",
  );
  const y = scaleFor(drawn.flatMap(({ points }) => points.map(([, value]) => value)));
  const names = legend(drawn);
  const height = plotTop + plotHeight + area.bottom + names.rows * legendRow;
  const parts = [yAxis(y, yLabel), xAxis(x, xLabel), names.svg];
  const paths = drawn.map((line) => drawLine(line, x, y));
  return `<svg class="chart" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escape(yLabel)}">${[...parts, ...paths].join("")}</svg>`;
}

function scaleFor(values: readonly number[]): Scale {
  const above = values.filter((value) => value > 0);
  const [lowest, highest] = [Math.min(...above), Math.max(...above)];
  if (above.length === 0) return linearScale(1, "round");
  return highest / lowest > logFrom ? logScale(lowest, highest) : linearScale(highest, "round");
}

function right(x: Scale, value: number): number {
  return round(area.left + x.place(value) * (width - area.left - area.right));
}

function down(y: Scale, value: number): number {
  return round(plotTop + plotHeight - y.place(value) * plotHeight);
}

function yAxis(y: Scale, label: string): string {
  const rules = y.ticks.map((tick) => {
    const at = down(y, tick);
    return `<line class="rule" x1="${area.left}" x2="${width - area.right}" y1="${at}" y2="${at}"/><text class="soft" x="${area.left - 8}" y="${at + 4}" text-anchor="end">${tick}</text>`;
  });
  return `${rules.join("")}<text class="soft" x="8" y="16">${escape(label)}</text>`;
}

function xAxis(x: Scale, label: string): string {
  const y = plotTop + plotHeight + 18;
  const names = x.ticks.map(
    (tick) =>
      `<text class="soft" x="${right(x, tick)}" y="${y}" text-anchor="middle">${tick}</text>`,
  );
  return `${names.join("")}<text class="soft" x="${width - area.right}" y="${y + 16}" text-anchor="end">${escape(label)}</text>`;
}

/** Names below the plot, in as many rows as they need. */
function legend(lines: readonly Line[]): { readonly svg: string; readonly rows: number } {
  let [x, row] = [area.left, 0];
  const parts = lines.map(({ name, colour, look }) => {
    // About as wide as this many letters of 12 px are.
    const length = name.length * 6.6 + 46;
    if (x + length > width && x > area.left) [x, row] = [area.left, row + 1];
    const y = plotTop + plotHeight + area.bottom + row * legendRow + 10;
    const at = x;
    x += length;
    return `<line class="${classOf(colour, look)}" x1="${round(at)}" x2="${round(at + 22)}" y1="${y - 4}" y2="${y - 4}"/><text x="${round(at + 28)}" y="${y}">${escape(name)}</text>`;
  });
  return { svg: parts.join(""), rows: row + 1 };
}

function drawLine({ name, colour, look, points, gap }: Line, x: Scale, y: Scale): string {
  let last = Number.NEGATIVE_INFINITY;
  const path = points.map(([at, value]) => {
    const command = at - last > gap ? "M" : "L";
    last = at;
    return `${command}${right(x, at)} ${down(y, value)}`;
  });
  const spots = points.map(
    ([at, value]) =>
      `<circle class="spot" cx="${right(x, at)}" cy="${down(y, value)}" r="3"><title>${escape(name)}: ${formatNumber(value)} at ${formatNumber(at)} s</title></circle>`,
  );
  return `<path class="${classOf(colour, look)}" d="${path.join("")}"/>${spots.join("")}`;
}

function classOf(colour: number, look: Line["look"]): string {
  return `line s${colour % colours}${look === "dashed" ? " dashed" : ""}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
