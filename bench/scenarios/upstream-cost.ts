import type { Bench, Scenario } from "../bench.ts";
import { type InformerKind, startInformer } from "../informer.ts";
import { change, listPath, nameOf, thousand } from "../objects.ts";
import { during } from "../progress.ts";
import { startCountingRelay } from "../relay.ts";
import { atMost, measure, type Result } from "../result.ts";

const informers = 100;

export const upstreamCost: Scenario = {
  name: "upstream-cost",
  help: "100 informers that start at once on a cold proxy: how many LISTs and WATCHes reach the apiserver (counted by a relay), until all have synced and seen a change.",
  run: async (bench) => {
    await bench.populate(thousand);
    return [...(await cost(bench, "WatchList", 0)), ...(await cost(bench, "LIST and WATCH", 2))];
  },
};

async function cost(
  bench: Bench,
  kind: InformerKind,
  mostLists: number,
): Promise<readonly Result[]> {
  const relay = await startCountingRelay(bench.apiserver);
  bench.defer(() => relay.stop());
  const proxy = await bench.startProxy({ server: relay.url });
  const abort = new AbortController();
  bench.defer(async () => abort.abort());
  const path = listPath(thousand.namespace);
  const began = performance.now();
  const synced = await during(`${informers} informers by ${kind}`, () =>
    Promise.all(
      Array.from({ length: informers }, () => startInformer(kind, proxy, path, abort.signal)),
    ),
  );
  const syncMs = performance.now() - began;
  await change(bench.apiserver, `${path}/${nameOf(7)}`, `seen by ${kind} at ${began}`);
  await during("a change", () => Promise.all(synced.map(({ firstChange }) => firstChange)));
  const short = synced.filter(({ objects }) => objects !== thousand.count).length;
  const results = [
    measure(`${kind}: lists upstream`, relay.count("list", "configmaps"), "", atMost(mostLists)),
    measure(`${kind}: watches upstream`, relay.count("watch", "configmaps"), "", atMost(1)),
    measure(`${kind}: informers with other than ${thousand.count} objects`, short, "", atMost(0)),
    measure(`${kind}: until all had synced`, syncMs, "ms"),
  ];
  await bench.endScenario();
  return results;
}
