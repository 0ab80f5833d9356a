import { printable } from "./printable.ts";

/** Counters and histograms in the text format of Prometheus (prometheus.io, exposition formats 0.0.4). */

export type Labels = Readonly<Record<string, string>>;

/** Upper bounds in seconds: from a hit on the loopback (50 µs) to a slow webhook. */
const buckets = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30] as const;
/** Label sets of one metric past this are counted together: paths are a caller's to choose. */
const maxSeries = 1000;
const overflow = '{overflow="true"}';

/** A counter with its labels, to be kept by who counts often. */
export interface Counter {
  value: number;
}

/** A histogram with its labels, of durations in seconds. */
export class Histogram {
  readonly counts = buckets.map(() => 0);
  sum = 0;
  count = 0;

  observe(seconds: number): void {
    let at = 0;
    while (at < buckets.length && seconds > (buckets[at] ?? 0)) at++;
    if (at < buckets.length) this.counts[at] = (this.counts[at] ?? 0) + 1;
    this.sum += seconds;
    this.count++;
  }
}

/** A number read when it is asked for. */
export interface Gauge {
  readonly name: string;
  readonly help: string;
  readonly type: "gauge" | "counter";
  readonly read: () => Iterable<{ readonly labels: Labels; readonly value: number }>;
}

interface Family<Series> {
  readonly help: string;
  readonly series: Map<string, Series>;
}

/** All metrics of the process. Label sets are bounded. */
export class Metrics {
  #counters = new Map<string, Family<Counter>>();
  #histograms = new Map<string, Family<Histogram>>();
  #gauges: Gauge[] = [];

  /** The counter of this name and labels. */
  counter(name: string, help: string, labels: Labels): Counter {
    return seriesOf(this.#counters, { name, help, labels }, () => ({ value: 0 }));
  }

  /** The histogram of this name and labels. */
  histogram(name: string, help: string, labels: Labels): Histogram {
    return seriesOf(this.#histograms, { name, help, labels }, () => new Histogram());
  }

  gauge(gauge: Gauge): void {
    this.#gauges.push(gauge);
  }

  /** All metrics as text. */
  render(): string {
    const lines: string[] = [];
    for (const [name, { help, series }] of this.#counters) {
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} counter`);
      for (const [labels, { value }] of series) lines.push(`${name}${labels} ${value}`);
    }
    for (const [name, { help, series }] of this.#histograms) {
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} histogram`);
      for (const [labels, histogram] of series)
        lines.push(...histogramLines(name, labels, histogram));
    }
    for (const { name, help, type, read } of this.#gauges) {
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
      for (const { labels, value } of read()) lines.push(`${name}${formatLabels(labels)} ${value}`);
    }
    return `${lines.join("\n")}\n`;
  }
}

interface Described {
  readonly name: string;
  readonly help: string;
  readonly labels: Labels;
}

function seriesOf<Series>(
  families: Map<string, Family<Series>>,
  { name, help, labels: pairs }: Described,
  create: () => Series,
): Series {
  const labels = formatLabels(pairs);
  const family = families.get(name) ?? { help, series: new Map<string, Series>() };
  families.set(name, family);
  const key = family.series.has(labels) || family.series.size < maxSeries ? labels : overflow;
  const series = family.series.get(key) ?? create();
  family.series.set(key, series);
  return series;
}

function* histogramLines(name: string, labels: string, histogram: Histogram): Iterable<string> {
  let total = 0;
  for (const [at, bound] of buckets.entries()) {
    total += histogram.counts[at] ?? 0;
    yield `${name}_bucket${withLabel(labels, "le", String(bound))} ${total}`;
  }
  yield `${name}_bucket${withLabel(labels, "le", "+Inf")} ${histogram.count}`;
  yield `${name}_sum${labels} ${histogram.sum}`;
  yield `${name}_count${labels} ${histogram.count}`;
}

function withLabel(labels: string, name: string, value: string): string {
  return labels === "" ? `{${name}="${value}"}` : `${labels.slice(0, -1)},${name}="${value}"}`;
}

/** Labels as the text format writes them, values escaped: the one place where a value becomes text of the page. */
function formatLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeValue(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escapeValue(value: string): string {
  return printable(value).replaceAll("\\", "\\\\").replaceAll('"', '\\"');
}
