import { startFaultyLink } from "../../src/testing/faulty-link.ts";
import type { Bench, Scenario } from "../bench.ts";
import { ask, type Server } from "../http.ts";
import { listPath, thousand } from "../objects.ts";
import { atMost, measure, type Result } from "../result.ts";
import { warm } from "../warm.ts";

/** Reads under way while the link goes. */
const readers = 8;
const patienceMs = 20_000;

type Cut = "blackHole" | "refuse";

export const outage: Scenario = {
  name: "outage",
  help: "The link to the apiserver goes while 8 clients read, by a black hole and by refused connections: until every answer says that it is the last known state, and how many reads of the scope failed; then the link comes back.",
  run: async (bench) => [
    ...(await cutBy(bench, "blackHole", "black hole", 3500)),
    ...(await cutBy(bench, "refuse", "refused", 100)),
  ],
};

async function cutBy(
  bench: Bench,
  cut: Cut,
  name: string,
  limitMs: number,
): Promise<readonly Result[]> {
  await bench.populate(thousand);
  const { url } = bench.apiserver;
  const link = await startFaultyLink(Number(new URL(url).port));
  bench.defer(async () => link.stop());
  const server = new URL(url);
  server.port = String(link.port);
  const proxy = await bench.startProxy({ server: server.origin });
  const path = listPath(thousand.namespace);
  await warm(proxy, path);
  const traffic = startReaders(proxy, path);
  await Bun.sleep(1000);
  link[cut]();
  // What no scope has needs the apiserver: its first request is what finds out.
  const began = performance.now();
  const asked = ask(proxy, "/api/v1/namespaces/default/pods/none").then(
    async (response) => await response.arrayBuffer(),
  );
  await asked.catch(() => undefined);
  const seenMs = performance.now() - began;
  const staleMs = await untilFrom(proxy, path, "stale");
  link.pass();
  const backMs = await untilFrom(proxy, path, "cache");
  const failed = await traffic();
  return [
    measure(
      `${name}: a request that needs the apiserver is told after`,
      seenMs,
      "ms",
      atMost(limitMs),
    ),
    measure(`${name}: then until a LIST is stale`, staleMs, "ms"),
    measure(`${name}: reads of the scope that failed`, failed, "", atMost(0)),
    measure(`${name}: from the link's return to a LIST from cache`, backMs, "ms"),
  ];
}

/** Milliseconds until a LIST is from there. */
async function untilFrom(proxy: Server, path: string, from: string): Promise<number> {
  const began = performance.now();
  while (performance.now() - began < patienceMs) {
    const response = await ask(proxy, path);
    await response.arrayBuffer();
    if (response.headers.get("x-edge-proxy") === from) return performance.now() - began;
    await Bun.sleep(5);
  }
  return Number.NaN;
}

/** Reads until the result is called; that is how many failed. */
function startReaders(proxy: Server, path: string): () => Promise<number> {
  let failed = 0;
  let isOver = false;
  const read = async () => {
    while (!isOver) {
      const response = await ask(proxy, path).catch(() => undefined);
      await response?.arrayBuffer();
      if (response?.status !== 200) failed++;
      await Bun.sleep(20);
    }
  };
  const all = Promise.all(Array.from({ length: readers }, read));
  return async () => {
    isOver = true;
    await all;
    return failed;
  };
}
