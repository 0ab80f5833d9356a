import type { Scenario } from "../bench.ts";
import { clientNotes, compare, throughputRatio } from "../compare.ts";
import { listPath, nameOf, thousand } from "../objects.ts";
import { atLeast, measure } from "../result.ts";
import { warm } from "../warm.ts";

const connections = 8;

export const getHit: Scenario = {
  name: "get-hit",
  help: "A GET of one configmap by name from the cache, 8 clients; against the apiserver.",
  run: async (bench) => {
    await bench.populate(thousand);
    const { apiserver } = bench;
    const proxy = await bench.startProxy();
    const path = `${listPath(thousand.namespace)}/${nameOf(500)}`;
    await warm(proxy, listPath(thousand.namespace));
    await warm(proxy, path);
    const rows = await compare(bench, connections, [
      { name: "edge-proxy", server: proxy, path, pids: [proxy.pid] },
      { name: "apiserver", server: apiserver, path, pids: apiserver.pids },
      ...bench.options.targets.map((target) => ({ name: target.name, server: target, path })),
    ]);
    const ratio = throughputRatio(rows, "edge-proxy", "apiserver");
    return [...rows, ...clientNotes(rows), measure("to the apiserver", ratio, "×", atLeast(10))];
  },
};
