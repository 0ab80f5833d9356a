import type { ProxyProcess } from "../../src/testing/proxy-process.ts";
import { type Abuse, abuses } from "../abuse/kinds.ts";
import type { Bench, Scenario } from "../bench.ts";
import { ask, demand, type Server } from "../http.ts";
import { large, listPath, nameOf, thousand } from "../objects.ts";
import { readMemory } from "../process-usage.ts";
import { during } from "../progress.ts";
import { atMost, measure, note, type Result } from "../result.ts";
import { warm } from "../warm.ts";

/** How long each of them is done. */
const abuseSeconds = 20;
const quietSeconds = 5;
const memoryLimitMiB = 64;
const overheadMiB = 64;

export const abuse: Scenario = {
  name: "abuse",
  help: "What somebody who means ill can do, 20 s each, at --memory-limit 64Mi: long targets, made-up names, watches that are left, heads without an end, answers that nobody reads; beside a client that reads.",
  run: async (bench) => {
    await bench.populate(thousand);
    await bench.populate(large);
    const deep = await createDeepObject(bench);
    const proxy = await bench.startProxy({ flags: [`--memory-limit=${memoryLimitMiB}Mi`] });
    const path = `${listPath(thousand.namespace)}/${nameOf(1)}`;
    await warm(proxy, listPath(thousand.namespace));
    await warm(proxy, path);
    const quiet = await readFor(proxy, path, quietSeconds);
    const results: Result[] = [measure("p99 of a read, quiet", quiet.p99Ms, "ms")];
    for (const kind of abuses(thousand.namespace, deep))
      results.push(...(await measureAbuse(proxy, path, kind, quiet.p99Ms)));
    return results;
  },
};

/** A custom resource whose object is nested as deep as an apiserver takes it well. */
async function createDeepObject({ apiserver }: Bench): Promise<string> {
  const group = "bench.example.com";
  const schema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  const names = { plural: "deeps", kind: "Deep" };
  const versions = [
    { name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema } },
  ];
  const metadata = { name: `deeps.${group}` };
  const spec = { group, scope: "Cluster", names, versions };
  const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  const path = `/apis/${group}/v1/deeps`;
  await demand(apiserver, definitions, { method: "POST", body: { metadata, spec } });
  const end = performance.now() + 20_000;
  while (!(await ask(apiserver, path)).ok && performance.now() < end) await Bun.sleep(100);
  let deep: unknown = {};
  for (let level = 0; level < 4000; level++) deep = { a: deep };
  const body = { apiVersion: `${group}/v1`, kind: "Deep", metadata: { name: "deep" }, spec: deep };
  await demand(apiserver, path, { method: "POST", body });
  return `${path}/deep`;
}

interface Reads {
  readonly p99Ms: number;
  readonly failed: number;
  readonly count: number;
}

/** One client that reads again and again, a few hundred times a second. */
async function readFor(proxy: Server, path: string, seconds: number): Promise<Reads> {
  const took: number[] = [];
  let failed = 0;
  for (const end = performance.now() + seconds * 1000; performance.now() < end;) {
    const began = performance.now();
    try {
      const response = await ask(proxy, path, { signal: AbortSignal.timeout(10_000) });
      await response.arrayBuffer();
      if (!response.ok) failed++;
    } catch {
      failed++;
    }
    took.push(performance.now() - began);
    await Bun.sleep(2);
  }
  took.sort((a, b) => a - b);
  return { p99Ms: took[Math.floor(took.length * 0.99)] ?? Number.NaN, failed, count: took.length };
}

async function measureAbuse(
  proxy: ProxyProcess,
  path: string,
  kind: Abuse,
  quietMs: number,
): Promise<readonly Result[]> {
  let isOver = false;
  let acts = 0;
  let peak = 0;
  const loops = Array.from({ length: kind.concurrency }, async () => {
    while (!isOver) await kind.act(proxy.url, acts++);
  });
  const sampling = (async () => {
    while (!isOver) {
      peak = Math.max(peak, readMemory(proxy.pid).rss);
      await Bun.sleep(100);
    }
  })();
  const reads = await during(kind.name, () => readFor(proxy, path, abuseSeconds));
  isOver = true;
  await Promise.all([...loops, sampling]);
  const { name } = kind;
  return [
    measure(`${name}: highest RSS`, peak / 2 ** 20, "MiB", atMost(memoryLimitMiB + overheadMiB)),
    measure(`${name}: p99 of a read, to quiet`, reads.p99Ms / quietMs, "×", atMost(5)),
    measure(`${name}: reads that failed`, reads.failed, "", atMost(0)),
    note(`${name}: done ${acts} times, ${reads.count} reads beside it`),
  ];
}
