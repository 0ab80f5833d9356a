import type { Bench } from "./bench.ts";
import type { Server } from "./http.ts";
import { loadTarget } from "./load-generator.ts";
import { Histogram } from "./load/histogram.ts";
import type { LoadResult } from "./load/job.ts";
import { readCpuSeconds } from "./process-usage.ts";
import { during } from "./progress.ts";
import { type LoadRow, note, type Result } from "./result.ts";

/** One of several that are measured against each other. */
export interface Contender {
  readonly name: string;
  readonly server: Server;
  readonly path: string;
  readonly accept?: string;
  /** It takes gzip, as every client-go does. */
  readonly takes?: "gzip";
  /** The server's processes. */
  readonly pids?: readonly number[];
  /** Until it is as fast as it will be for weeks; a fraction of a second unless told otherwise. */
  readonly warmUpSeconds?: number;
  /** Begins something that goes on while this one is measured; its result ends it. */
  readonly meanwhile?: () => () => Promise<unknown>;
}

/** Noise comes and goes within seconds: each contender is measured in so many slices, by turns, unless told otherwise. */
const defaultRounds = 8;
const shortWarmUp = 0.4;
/** A server's garbage is collected after its last answer, on the core of the next one. */
const restMs = 300;
/** A load generator that used more of its core than this may have been the limit itself. */
const clientLimit = 0.95;

/** How finely it is measured by turns: the closer the contenders, the more slices. */
export interface Slices {
  readonly rounds?: number;
  /** In seconds; what the run is told for each contender is divided among them otherwise. */
  readonly slice?: number;
  /** In seconds, where that would be less. */
  readonly leastSlice?: number;
}

interface Sum {
  readonly latencies: Histogram;
  count: number;
  bytes: number;
  elapsed: number;
  clientCpu: number;
  serverCpu: number;
}

/** Measures them by turns (A B C A B C …) with the same load. Rejects when a request is answered other than 200. */
export async function compare(
  bench: Bench,
  connections: number,
  contenders: readonly Contender[],
  {
    rounds = defaultRounds,
    leastSlice = 0,
    slice = Math.max(leastSlice, bench.options.seconds / rounds),
  }: Slices = {},
): Promise<readonly LoadRow[]> {
  const sums = contenders.map(newSum);
  for (const contender of contenders)
    await runSlice(bench, contender, connections, contender.warmUpSeconds ?? shortWarmUp);
  for (let round = 0; round < rounds; round++) {
    for (const [at, contender] of contenders.entries()) {
      const sum = sums[at];
      if (sum !== undefined) await addSlice(bench, contender, connections, slice, sum);
    }
  }
  const second = sums[1];
  return contenders.flatMap((contender, at) => {
    const sum = sums[at];
    return sum === undefined ? [] : [rowOf(contender, sum, second)];
  });
}

function newSum(): Sum {
  const latencies = new Histogram();
  return { latencies, count: 0, bytes: 0, elapsed: 0, clientCpu: 0, serverCpu: 0 };
}

async function addSlice(
  bench: Bench,
  contender: Contender,
  connections: number,
  seconds: number,
  sum: Sum,
): Promise<void> {
  const pids = contender.pids ?? [];
  const before = readCpuSeconds(pids);
  const result = await runSlice(bench, contender, connections, seconds);
  sum.serverCpu += readCpuSeconds(pids) - before;
  sum.latencies.merge(result.latencies);
  sum.count += result.count;
  sum.bytes += result.bytes;
  sum.elapsed += result.elapsedSeconds;
  sum.clientCpu += result.cpuSeconds;
}

async function runSlice(
  bench: Bench,
  contender: Contender,
  connections: number,
  seconds: number,
): Promise<LoadResult> {
  const { name, server, path, accept, takes, meanwhile } = contender;
  const end = meanwhile?.();
  const result = await during(`${name}: GET ${path}`, () =>
    bench.load.run({
      kind: "requests",
      target: loadTarget(server, accept, takes),
      path,
      connections,
      seconds,
    }),
  );
  await end?.();
  await Bun.sleep(restMs);
  const others = Object.keys(result.statuses).filter((status) => status !== "200");
  if (others.length > 0) throw new Error(`${name} answered ${others.join(", ")} to GET ${path}`);
  return result;
}

function rowOf(contender: Contender, sum: Sum, second: Sum | undefined): LoadRow {
  const perSecond = sum.count / sum.elapsed;
  return {
    kind: "load",
    target: contender.name,
    medianMs: sum.latencies.quantile(0.5) / 1000,
    p99Ms: sum.latencies.quantile(0.99) / 1000,
    perSecond,
    megabytesPerSecond: sum.bytes / sum.elapsed / 1e6,
    ratio: second === undefined ? undefined : perSecond / (second.count / second.elapsed),
    clientCores: sum.clientCpu / sum.elapsed,
    serverCores: contender.pids === undefined ? undefined : sum.serverCpu / sum.elapsed,
    serverMicroseconds:
      contender.pids === undefined ? undefined : (sum.serverCpu / sum.count) * 1e6,
  };
}

/** Throughput of one row to another's; NaN when one is missing. */
export function throughputRatio(rows: readonly LoadRow[], name: string, to: string): number {
  const of = (target: string) => rows.find((row) => row.target === target)?.perSecond;
  return (of(name) ?? Number.NaN) / (of(to) ?? Number.NaN);
}

/** Says so for each row where the load generator was near its own limit. */
export function clientNotes(rows: readonly LoadRow[]): readonly Result[] {
  return rows
    .filter(({ clientCores }) => clientCores > clientLimit)
    .map(({ target }) =>
      note(`${target}: the load generator used its whole core; the server may be faster than this`),
    );
}
