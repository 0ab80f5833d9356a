import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";

import type { Bench, Scenario } from "../bench.ts";
import { compare, throughputRatio } from "../compare.ts";
import { demand, type Server } from "../http.ts";
import { change, type Filling, keepChanging, large, listPath, nameOf } from "../objects.ts";
import { during } from "../progress.ts";
import { atLeast, atMost, measure, type Result } from "../result.ts";
import { warm } from "../warm.ts";

const filling: Filling = { namespace: "bench-persist", count: 1000, dataBytes: 4550 };
const perSecond = 100;
const seconds = 20;
const clients = 8;
/** What 3 % are takes many turns to see: single ones differ by 15 %. */
const turns = 10;
const pairs = 4;
/** Changes made as fast as the apiserver takes them, so many at a time. */
const burst = 2000;
const burstWriters = 16;
/** Until what changed is on disk. */
const settleMs = 3000;
/** Answers that no scope covers, each kept for itself: LISTs of 0.5 MB. */
const answers = 40;

export const persist: Scenario = {
  name: "persist",
  help: "100 changes a second of objects of 5 KB: bytes written to disk per byte of change (as the kernel counts them), and a LIST from memory with and without the disk. Then 2,000 changes at once, a scope of 50 MB and 40 answers to replay: how long one write keeps everything else waiting.",
  run: async (bench) => {
    await bench.populate(filling);
    // A folder of the working directory: what is in memory (tmpfs) is not counted as written.
    const folder = await mkdtemp(join(process.cwd(), ".edge-proxy-persist-"));
    bench.defer(() => rm(folder, { recursive: true, force: true }));
    return [
      ...(await bytesWritten(bench, join(folder, "cache"))),
      ...(await listsWithAndWithout(bench, join(folder, "lists"))),
      ...(await longestBlock(bench, join(folder, "burst"))),
    ];
  },
};

async function bytesWritten(bench: Bench, diskCachePath: string): Promise<readonly Result[]> {
  const proxy = await bench.startProxy({ diskCachePath });
  const path = listPath(filling.namespace);
  await warm(proxy, path);
  await Bun.sleep(settleMs);
  const before = writtenBy(proxy.pid);
  const changed = await during(`${perSecond} changes a second`, () =>
    changeAll(bench.apiserver, path),
  );
  await Bun.sleep(settleMs);
  const written = writtenBy(proxy.pid) - before;
  await proxy.stop();
  return [
    measure("changes", changed.writes, ""),
    measure("bytes written per byte of change", written / changed.bytes, "", atMost(3)),
  ];
}

/** Changes one object after the other, its size kept; how often, and the bytes of what came of it. */
async function changeAll(server: Server, path: string): Promise<{ writes: number; bytes: number }> {
  const began = performance.now();
  let bytes = 0;
  let writes = 0;
  for (; writes < perSecond * seconds; writes++) {
    const text = String(writes).padStart(filling.dataBytes, "x");
    bytes += (await change(server, `${path}/${nameOf(writes % filling.count)}`, text)).length;
    await Bun.sleep(Math.max(0, began + (writes * 1000) / perSecond - performance.now()));
  }
  return { writes, bytes };
}

/** In pairs of new processes: one's memory lies better than the other's, by 3 %, for as long as it lives. */
async function listsWithAndWithout(
  bench: Bench,
  diskCachePath: string,
): Promise<readonly Result[]> {
  const ratios: number[] = [];
  for (let pair = 0; pair < pairs; pair++)
    ratios.push(await listsOfPair(bench, `${diskCachePath}-${pair}`));
  const ratio = geometricMean(ratios);
  return [measure("LIST with the disk, to without", ratio, "×", atLeast(0.97))];
}

/** Two proxies by turns, each with a scope of its own that changes while it is read: what one writes costs the other nothing. */
async function listsOfPair(bench: Bench, diskCachePath: string): Promise<number> {
  await using proxies = new AsyncDisposableStack();
  const contender = async (name: "with" | "without", flags: readonly string[]) => {
    const scope = { ...filling, namespace: `${filling.namespace}-${name}` };
    await bench.populate(scope);
    const server = await bench.startProxy({ diskCachePath: `${diskCachePath}-${name}`, flags });
    proxies.defer(async () => void (await server.stop()));
    const path = listPath(scope.namespace);
    await warm(server, path);
    const meanwhile = () => keepChanging(bench.apiserver, `${path}/${nameOf(1)}`, 10);
    return { name, server, path, pids: [server.pid], warmUpSeconds: 1, meanwhile };
  };
  const rows = await compare(
    bench,
    clients,
    [await contender("with", []), await contender("without", ["--no-disk-resources", "*"])],
    { rounds: turns, slice: 0.5 },
  );
  return throughputRatio(rows, "with", "without");
}

function geometricMean(all: readonly number[]): number {
  return Math.exp(all.reduce((sum, each) => sum + Math.log(each), 0) / all.length);
}

/** The largest single pieces of work that the disk store ever has. */
async function longestBlock(bench: Bench, diskCachePath: string): Promise<readonly Result[]> {
  await bench.populate(large);
  // What the kernel gives to a busy apiserver is no part of a write.
  bench.placeApiserver("client");
  const proxy = await bench.startProxy({ diskCachePath });
  const path = listPath(filling.namespace);
  await warm(proxy, path);
  await during(`${burst} changes at once`, () => changeAtOnce(bench.apiserver, path));
  await warm(proxy, listPath(large.namespace));
  await Bun.sleep(settleMs);
  for (let at = 0; at < answers; at++) await demand(proxy, `${path}?limit=${100 + at}`);
  await Bun.sleep(settleMs);
  const metrics = await fetch(`${proxy.adminUrl}/metrics`);
  const text = await metrics.text();
  const [, value] = /^edge_proxy_disk_longest_block_seconds ([\d.e-]+)$/m.exec(text) ?? [];
  const longestMs = Number(value ?? Number.NaN) * 1000;
  return [measure("longest that one write blocks the event loop", longestMs, "ms", atMost(10))];
}

async function changeAtOnce(server: Server, path: string): Promise<void> {
  let next = 0;
  const write = async () => {
    for (let at = next++; at < burst; at = next++) {
      const text = String(at).padStart(filling.dataBytes, "y");
      await change(server, `${path}/${nameOf(at % filling.count)}`, text);
    }
  };
  await Promise.all(Array.from({ length: burstWriters }, write));
}

/** What the kernel has sent to a disk for the process. */
function writtenBy(pid: number): number {
  const [, bytes] = /^write_bytes: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, "utf8")) ?? [];
  return Number(bytes ?? Number.NaN);
}
