/** Counters and histograms in the text format of Prometheus (prometheus.io, exposition formats 0.0.4). */

type Labels = Readonly<Record<string, string>>;

/** Upper bounds in seconds: from a hit on the loopback (50 µs) to a slow webhook. */
const buckets = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30] as const;
/** Label sets of one metric past this are counted together: paths are a caller's to choose. */
const maxSeries = 1000;
const overflow = '{overflow="true"}';

interface Histogram {
  readonly counts: number[];
  sum: number;
  count: number;
}

/** A number read when it is asked for. */
export interface Gauge {
  readonly name: string;
  readonly help: string;
  readonly type: "gauge" | "counter";
  readonly read: () => Iterable<{ readonly labels: Labels; readonly value: number }>;
}

interface Family {
  readonly help: string;
  readonly type: "counter" | "histogram";
  readonly series: Map<string, number | Histogram>;
}

/** All metrics of the process. Label sets are bounded. */
export class Metrics {
  #families = new Map<string, Family>();
  #gauges: Gauge[] = [];

  /** Adds one to a counter. `labels` is text as it is shown: `{verb="list"}`, or empty. */
  increment(name: string, help: string, labels: string): void {
    const { series } = this.#family(name, help, "counter");
    const key = bounded(series, labels);
    const value = series.get(key);
    series.set(key, (typeof value === "number" ? value : 0) + 1);
  }

  /** Adds a duration to a histogram, in seconds. */
  observe(name: string, help: string, labels: string, seconds: number): void {
    const { series } = this.#family(name, help, "histogram");
    const key = bounded(series, labels);
    const there = series.get(key);
    const histogram =
      there === undefined || typeof there === "number"
        ? { counts: buckets.map(() => 0), sum: 0, count: 0 }
        : there;
    if (there !== histogram) series.set(key, histogram);
    const at = buckets.findIndex((bound) => seconds <= bound);
    if (at !== -1) histogram.counts[at] = (histogram.counts[at] ?? 0) + 1;
    histogram.sum += seconds;
    histogram.count++;
  }

  gauge(gauge: Gauge): void {
    this.#gauges.push(gauge);
  }

  /** All metrics as text. */
  render(): string {
    const lines: string[] = [];
    for (const [name, { help, type, series }] of this.#families) {
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
      for (const [labels, value] of series) {
        if (typeof value === "number") lines.push(`${name}${labels} ${value}`);
        else lines.push(...histogramLines(name, labels, value));
      }
    }
    for (const { name, help, type, read } of this.#gauges) {
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
      for (const { labels, value } of read()) lines.push(`${name}${formatLabels(labels)} ${value}`);
    }
    return `${lines.join("\n")}\n`;
  }

  #family(name: string, help: string, type: Family["type"]): Family {
    const there = this.#families.get(name);
    if (there !== undefined) return there;
    const family: Family = { help, type, series: new Map() };
    this.#families.set(name, family);
    return family;
  }
}

function bounded(series: ReadonlyMap<string, unknown>, labels: string): string {
  return series.has(labels) || series.size < maxSeries ? labels : overflow;
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

/** Labels as the text format writes them, values escaped. */
export function formatLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeValue(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escapeValue(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
