import type { ProxyProcess } from "../../src/testing/proxy-process.ts";
import type { Bench, Scenario } from "../bench.ts";
import { demand } from "../http.ts";
import { change, listPath, nameOf, thousand } from "../objects.ts";
import type { Line } from "../page/line-chart.ts";
import { readCpuSeconds, readMemory } from "../process-usage.ts";
import { during } from "../progress.ts";
import { atMost, curves, measure, note, type Result } from "../result.ts";

const loops = 50;
const writesPerSecond = 10;
const sampleMs = 500;

export const resourceUsage: Scenario = {
  name: "resourceusage",
  help: "LIST of 1,000 configmaps by label for ten times --seconds (a minute), then 50 more while one writer changes an object ten times a second through the proxy; every answer is checked for its count, that it never goes back, and that it shows the session's writes; RSS of the proxy over time.",
  run: async (bench) => {
    await bench.populate(thousand);
    const proxy = await bench.startProxy();
    const samples = sampleMemory(proxy);
    const checker = new Checker(proxy);
    const began = performance.now();
    const cpuBefore = readCpuSeconds([proxy.pid]);
    await during("LISTs by label", () => quietLists(bench, checker));
    const perSecond = checker.answers / ((performance.now() - began) / 1000);
    const cpu = (readCpuSeconds([proxy.pid]) - cpuBefore) / checker.answers;
    const quiet = samples.soFar();
    await during("LISTs while an object changes", () => changingLists(proxy, checker));
    const rss = samples.stop();
    return [
      measure("answers checked", checker.answers, ""),
      measure("wrong answers", checker.wrong.length, "", atMost(0)),
      measure("RSS, highest", Math.max(...rss) / 1e6, "MB", atMost(75)),
      measure("RSS, at the end", (rss.at(-1) ?? Number.NaN) / 1e6, "MB"),
      measure("RSS, growth in the second half of the minute", growth(quiet) / 1e6, "MB", atMost(2)),
      measure("LISTs per second by one client that reads them", perSecond, "/s"),
      measure("CPU per LIST", cpu * 1e6, "µs"),
      curves("resident memory over time", "MB", [memoryLine(rss)]),
      ...checker.wrong.slice(0, 5).map((text) => note(`wrong: ${text}`)),
    ] satisfies readonly Result[];
  },
};

/** What is wrong with the answers to one LIST, asked again and again by one client. */
class Checker {
  readonly #proxy: ProxyProcess;
  readonly wrong: string[] = [];
  answers = 0;
  #highest = 0n;

  constructor(proxy: ProxyProcess) {
    this.#proxy = proxy;
  }

  /** Asks once. The answer must show the object at this resourceVersion or a later one. */
  async check(written: bigint): Promise<void> {
    const path = `${listPath(thousand.namespace)}?labelSelector=app%3Dbench`;
    const body = await demand(this.#proxy, path);
    this.answers++;
    const list: List = JSON.parse(body.toString());
    const version = BigInt(list.metadata.resourceVersion);
    const count = new Set(list.items.map(({ metadata }) => metadata.name)).size;
    if (count !== thousand.count || list.items.length !== count)
      this.wrong.push(`${list.items.length} items, ${count} of them different`);
    if (version < this.#highest) this.wrong.push(`${version} after ${this.#highest}`);
    if (version < written) this.wrong.push(`${version} although ${written} was written`);
    const changed = list.items.find(({ metadata }) => metadata.name === changedName);
    if (changed === undefined || BigInt(changed.metadata.resourceVersion) < written)
      this.wrong.push(`an object from before ${written}`);
    if (version > this.#highest) this.#highest = version;
  }
}

interface List {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly { readonly metadata: { name: string; resourceVersion: string } }[];
}

const changedName = nameOf(321);

async function quietLists(bench: Bench, checker: Checker): Promise<void> {
  const end = performance.now() + bench.options.seconds * 10_000;
  while (performance.now() < end) await checker.check(0n);
}

/** The LISTs are spread over the writes, each asked for right after one was answered or while one is under way. */
async function changingLists(proxy: ProxyProcess, checker: Checker): Promise<void> {
  let written = 0n;
  let isOver = false;
  const writing = (async () => {
    for (let round = 0; !isOver; round++) {
      const path = `${listPath(thousand.namespace)}/${changedName}`;
      const object = JSON.parse((await change(proxy, path, `round ${round}`)).toString());
      written = BigInt(object.metadata.resourceVersion);
      await Bun.sleep(1000 / writesPerSecond);
    }
  })();
  for (let loop = 0; loop < loops; loop++) {
    const before = written;
    await checker.check(before);
    while (written === before && loop % 2 === 0) await Bun.sleep(1);
    if (loop % 2 === 1) await Bun.sleep(1000 / writesPerSecond);
  }
  isOver = true;
  await writing;
}

function sampleMemory(proxy: ProxyProcess): {
  soFar(): readonly number[];
  stop(): readonly number[];
} {
  const rss: number[] = [];
  const timer = setInterval(() => rss.push(readMemory(proxy.pid).rss), sampleMs);
  return {
    soFar: () => [...rss],
    stop: () => {
      clearInterval(timer);
      return rss;
    },
  };
}

/** How much higher the highest of the second half is than the highest of the first. */
function growth(values: readonly number[]): number {
  const half = Math.floor(values.length / 2);
  return Math.max(...values.slice(half)) - Math.max(...values.slice(0, half));
}

function memoryLine(rss: readonly number[]): Line {
  const points = rss.map((bytes, at) => [(at * sampleMs) / 1000, bytes / 1e6] as const);
  return { name: "edge-proxy", colour: 0, look: "solid", gap: 5, points };
}
