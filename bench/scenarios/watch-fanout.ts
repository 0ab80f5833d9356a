import type { ProxyProcess } from "../../src/testing/proxy-process.ts";
import type { Bench, Scenario } from "../bench.ts";
import { demand } from "../http.ts";
import { loadTarget } from "../load-generator.ts";
import { Histogram } from "../load/histogram.ts";
import type { LoadResult } from "../load/job.ts";
import { listPath, nameOf } from "../objects.ts";
import { readCpuSeconds, readMemory } from "../process-usage.ts";
import { during } from "../progress.ts";
import { atMost, measure, note, type Result } from "../result.ts";
import { warm } from "../warm.ts";

const watchers = 1000;
const eventsPerSecond = 50;
const eventBytes = 2000;
const filling = { namespace: "bench-watch", count: 1, dataBytes: eventBytes } as const;
/** Connections are made and garbage is collected; then a watcher costs what it costs. */
const settleMs = 4000;

export const watchFanout: Scenario = {
  name: "watch-fanout",
  help: "1,000 watchers of one object that changes 50 times a second, 2 KB each: latency from the answer of the write to the arrival, CPU per delivery, memory per idle watcher.",
  run: async (bench) => {
    await bench.populate(filling);
    const proxy = await bench.startProxy();
    const path = listPath(filling.namespace);
    await warm(proxy, path);
    // Writes are the apiserver's work, not the proxy's: it does it on the other core.
    bench.placeApiserver("client");
    const idle = await openWatches(bench, proxy, path);
    const before = readCpuSeconds([proxy.pid]);
    const result = await during("writing", () => write(bench, `${path}/${nameOf(0)}`));
    const cpu = readCpuSeconds([proxy.pid]) - before;
    await bench.load.run({ kind: "close watches" });
    return [
      ...describe(result, cpu),
      measure("anonymous memory per idle watcher", idle / watchers / 1000, "KB", atMost(8)),
    ];
  },
};

/** What a thousand idle watchers cost in anonymous memory: the proxy has served one and a few lists before. */
async function openWatches(bench: Bench, proxy: ProxyProcess, path: string): Promise<number> {
  const list: { metadata: { resourceVersion: string } } = JSON.parse(
    (await demand(proxy, path)).toString(),
  );
  const from = list.metadata.resourceVersion;
  await Bun.sleep(settleMs);
  const before = readMemory(proxy.pid).anonymous;
  await during("opening watches", () =>
    bench.load.run({
      kind: "open watches",
      target: loadTarget(proxy),
      path: `${path}?watch=1&resourceVersion=${from}&timeoutSeconds=3000`,
      watchers,
    }),
  );
  await Bun.sleep(settleMs);
  return readMemory(proxy.pid).anonymous - before;
}

function write(bench: Bench, path: string): Promise<LoadResult> {
  const { seconds } = bench.options;
  const target = loadTarget(bench.apiserver);
  const type = "Content-Type: application/merge-patch+json";
  return bench.load.run({
    kind: "write",
    target: { ...target, headers: [...target.headers, type] },
    path,
    perSecond: eventsPerSecond,
    seconds,
    bytes: eventBytes,
  });
}

function describe(result: LoadResult, cpuSeconds: number): readonly Result[] {
  const latencies = new Histogram();
  latencies.merge(result.latencies);
  const { count, expected, elapsedSeconds } = result;
  return [
    measure("delivery after the write's answer, median", latencies.quantile(0.5) / 1000, "ms"),
    measure(
      "delivery after the write's answer, p99",
      latencies.quantile(0.99) / 1000,
      "ms",
      atMost(50),
    ),
    measure("CPU per delivery", (cpuSeconds / count) * 1e6, "µs", atMost(14)),
    measure("deliveries lost", expected - count, "", atMost(0)),
    measure("deliveries per second", count / elapsedSeconds, "/s"),
    note(
      `server cores ${(cpuSeconds / elapsedSeconds).toFixed(2)}, client cores ${(result.cpuSeconds / elapsedSeconds).toFixed(2)}`,
    ),
  ];
}
