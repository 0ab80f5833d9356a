import type { Scenario } from "../bench.ts";
import { loadTarget } from "../load-generator.ts";
import { Histogram } from "../load/histogram.ts";
import { listPath, thousand } from "../objects.ts";
import { startCountingRelay } from "../relay.ts";
import { atLeast, atMost, measure } from "../result.ts";

const clients = 200;

export const coalesce: Scenario = {
  name: "coalesce",
  help: "200 equal LISTs at once on a cold proxy: how many calls reach the apiserver (counted by a relay).",
  run: async (bench) => {
    await bench.populate(thousand);
    const relay = await startCountingRelay(bench.apiserver);
    bench.defer(() => relay.stop());
    const proxy = await bench.startProxy({ server: relay.url });
    const result = await bench.load.run({
      kind: "requests",
      target: loadTarget(proxy),
      path: listPath(thousand.namespace),
      connections: clients,
      seconds: 60,
      each: 1,
    });
    const latencies = new Histogram();
    latencies.merge(result.latencies);
    const lists = relay.count("list", "configmaps");
    const watches = relay.count("watch", "configmaps");
    return [
      measure("upstream calls", lists + watches, "", atMost(2)),
      measure("of these LISTs", lists, ""),
      measure("of these the WATCH of the scope that they start", watches, ""),
      measure("answered 200", result.statuses["200"] ?? 0, "", atLeast(clients)),
      measure("the last answer after", latencies.quantile(1) / 1000, "ms"),
    ];
  },
};
