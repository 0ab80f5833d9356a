import type { Line } from "./page/line-chart.ts";

/** A measured stream of requests to one target. */
export interface LoadRow {
  readonly kind: "load";
  readonly target: string;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly perSecond: number;
  readonly megabytesPerSecond: number;
  /** This row's throughput to that of the second row of its scenario. */
  readonly ratio: number | undefined;
  /** Cores that the load generator used: near 1 it was itself the limit. */
  readonly clientCores: number;
  /** Cores that the server used; undefined for a server that is not ours. */
  readonly serverCores: number | undefined;
  /** CPU time of the server per request: what a machine that is busy otherwise disturbs least. */
  readonly serverMicroseconds: number | undefined;
}

/** A figure of its own, with the bar it has to reach where there is one. */
export interface Measure {
  readonly kind: "measure";
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly bar: Bar | undefined;
}

export interface Bar {
  readonly at: "least" | "most";
  readonly value: number;
}

/** Something a reader must know to read the figures: why a target is missing, what was disturbed. */
export interface Note {
  readonly kind: "note";
  readonly text: string;
}

/** Something over time, to be drawn. */
export interface Curves {
  readonly kind: "curves";
  readonly title: string;
  readonly unit: string;
  readonly lines: readonly Line[];
}

export type Result = LoadRow | Measure | Note | Curves;

/** Whether a bar is reached; undefined where there is none. */
export function verdict({ value, bar }: Measure): "ok" | "MISSED" | undefined {
  if (bar === undefined) return undefined;
  const isReached = bar.at === "least" ? value >= bar.value : value <= bar.value;
  return isReached ? "ok" : "MISSED";
}

export function measure(what: string, value: number, unit: string, bar?: Bar): Measure {
  return { kind: "measure", what, value, unit, bar };
}

export function atLeast(value: number): Bar {
  return { at: "least", value };
}

export function atMost(value: number): Bar {
  return { at: "most", value };
}

export function note(text: string): Note {
  return { kind: "note", text };
}

export function curves(title: string, unit: string, lines: readonly Line[]): Curves {
  return { kind: "curves", title, unit, lines };
}
