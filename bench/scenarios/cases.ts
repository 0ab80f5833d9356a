import { join } from "node:path";

import type { ProxyProcess } from "../../src/testing/proxy-process.ts";
import type { Bench, Scenario } from "../bench.ts";
import { say } from "../progress.ts";
import { atMost } from "../result.ts";
import { detected } from "../tool/cases/consistency.ts";
import type { Link } from "../tool/link.ts";
import { openNamespace } from "../tool/namespace.ts";
import type { CaseName } from "../tool/options.ts";
import { outcomeResults } from "../tool/outcome-results.ts";
import { startRelay } from "../tool/relay.ts";
import { runCase, type TriedServer } from "../tool/run-cases.ts";
import { findUsageSource } from "../tool/usage-source.ts";

/** The rules by which the Go original filters and trims. */
const rulesFile = join(import.meta.dir, "../../deploy/rules/original.yaml");
/** Of --seconds, for each target. */
const durationFactor = 5;
const detectionMs = 3500;

const func: Scenario = {
  name: "func",
  help: "100 configmaps are created, read, listed, updated, patched, deleted and watched through the proxy, and every answer is compared with the apiserver's own. The cases func, filter, consistency and resource are those of `benchmark`.",
  run: async (bench) => runOn(bench, "func", [tried("edge-proxy", await bench.startProxy())]),
};

const filter: Scenario = {
  name: "filter",
  help: "With the rules of deploy/rules/original.yaml a list by type=filter shows none of the 50 configmaps that are named skip-….",
  run: async (bench) => {
    const proxy = await bench.startProxy({ flags: ["--config", rulesFile] });
    return runOn(bench, "filter", [tried("edge-proxy", proxy)]);
  },
};

const consistency: Scenario = {
  name: "consistency",
  help: "100 configmaps are listed twice, the link is cut by a relay that passes no byte any more, and the list must still show all; then a change is seen when the link is back.",
  run: async (bench) => {
    const { hostname, port, protocol } = new URL(bench.apiserver.url);
    const to = { hostname, port: Number(port) };
    const relay = await startRelay({ hostname: "127.0.0.1", port: 0 }, to);
    bench.defer(async () => relay.stop());
    const proxy = await bench.startProxy({ server: `${protocol}//127.0.0.1:${relay.port}` });
    const link: Link = {
      description: "relay",
      cut: async () => relay.cut(),
      restore: async () => relay.restore(),
      connections: async () => relay.state.connections,
    };
    const results = await runOn(bench, "consistency", [tried("edge-proxy", proxy)], link);
    return results.map((result) =>
      result.kind === "measure" && result.what.endsWith(detected)
        ? { ...result, bar: atMost(detectionMs) }
        : result,
    );
  },
};

const resource: Scenario = {
  name: "resource",
  help: "LISTs of 1,000 configmaps by label for five times --seconds each, every answer checked: whole objects, names only by deploy/rules/original.yaml, the apiserver itself, and the targets that are given.",
  run: async (bench) => {
    const whole = await bench.startProxy();
    const names = await bench.startProxy({ flags: ["--config", rulesFile] });
    const { apiserver, options } = bench;
    return runOn(bench, "resource", [
      tried("edge-proxy", whole),
      tried("edge-proxy, names only", names),
      { ...tried("apiserver", apiserver), is: "direct" },
      ...options.targets.map((target) => tried(target.name, target)),
    ]);
  },
};

/** The cases of the tool `benchmark`, each on proxies of its own. */
export const cases: readonly Scenario[] = [func, filter, consistency, resource];

function tried(name: string, server: ProxyProcess | TriedServer["server"]): TriedServer {
  const pid = "pid" in server ? server.pid : undefined;
  const source = findUsageSource({ url: server.url, pid, admin: undefined });
  return { name, server, source, is: "proxy" };
}

async function runOn(bench: Bench, name: CaseName, targets: readonly TriedServer[], link?: Link) {
  const { apiserver, options } = bench;
  const { signal } = new AbortController();
  const namespace = await openNamespace(apiserver, undefined, signal);
  const openLink = async () => {
    if (link === undefined) throw new Error("no link to be cut");
    return link;
  };
  const settings = { durationSeconds: options.seconds * durationFactor, concurrency: 1, openLink };
  const parts = { targets, apiserver, namespace, settings, signal, tell: createTeller() };
  try {
    return outcomeResults(await runCase(name, parts));
  } finally {
    await namespace.remove();
  }
}

/** Says where a case stands, every ten seconds. */
function createTeller(): (text: string) => void {
  let last = performance.now();
  return (text) => {
    if (performance.now() - last < 10_000) return;
    last = performance.now();
    say(`  … ${text}`);
  };
}
