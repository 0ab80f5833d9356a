import type { ProxyProcess } from "../../src/testing/proxy-process.ts";
import type { Bench, Scenario } from "../bench.ts";
import { ask, demand, type Server } from "../http.ts";
import { large, listPath, nameOf } from "../objects.ts";
import { type MemoryUse, readMemory } from "../process-usage.ts";
import { during } from "../progress.ts";
import { atMost, measure, note, type Result } from "../result.ts";
import { watchEvents } from "../watch-lines.ts";

const quietMs = 2000;
/** Until garbage is collected and freed pages are given back. */
const settleMs = 6000;
const patienceMs = 60_000;

export const memory: Scenario = {
  name: "memory",
  help: "A scope of 10,000 objects of 5 KB: memory over idle to bytes on the wire, and how long filling it keeps the proxy from answering a tiny request.",
  run: async (bench) => {
    await bench.populate(large);
    const path = listPath(large.namespace);
    const wireBytes = (await demand(bench.apiserver, path)).length;
    const proxy = await bench.startProxy();
    await demand(proxy, "/api/v1/namespaces/default");
    const pings = startPings(proxy);
    await Bun.sleep(2 * quietMs);
    const quietBlock = pings.longestMs();
    // With what the pings themselves cost: they go on while it is filled.
    const idle = readMemory(proxy.pid);
    const peak = await fillScope(bench, proxy, path);
    const block = pings.longestMs();
    pings.stop();
    await Bun.sleep(settleMs);
    const filled = readMemory(proxy.pid);
    const to = (use: MemoryUse, of: keyof MemoryUse) => (use[of] - idle[of]) / wireBytes;
    return [
      measure("anonymous over idle, to wire bytes", to(filled, "anonymous"), "×", atMost(1.35)),
      measure("RSS over idle, to wire bytes", to(filled, "rss"), "×"),
      measure("anonymous while filling, highest, to wire bytes", to(peak, "anonymous"), "×"),
      measure("longest wait of a tiny request while filling", block, "ms", atMost(30)),
      measure("longest wait of a tiny request before", quietBlock, "ms"),
      note(`${wireBytes} bytes on the wire; idle ${megabytes(idle)}, filled ${megabytes(filled)}`),
    ] satisfies readonly Result[];
  },
};

function megabytes({ anonymous, rss }: MemoryUse): string {
  return `${(anonymous / 1e6).toFixed(1)} MB anonymous, ${(rss / 1e6).toFixed(1)} MB RSS`;
}

/** A WATCH from the present starts the scope and is itself sent nothing; the result is the highest memory seen. */
export async function fillScope(
  bench: Bench,
  proxy: ProxyProcess,
  path: string,
): Promise<MemoryUse> {
  const first = JSON.parse((await demand(bench.apiserver, `${path}?limit=1`)).toString());
  const abort = new AbortController();
  bench.defer(async () => abort.abort());
  const query = `watch=1&timeoutSeconds=300&resourceVersion=${first.metadata.resourceVersion}`;
  void drain(proxy, `${path}?${query}`, abort.signal);
  return during("filling the scope", () => pollUntilCached(proxy, `${path}/${nameOf(1)}`));
}

async function drain(proxy: Server, path: string, signal: AbortSignal): Promise<void> {
  try {
    for await (const _ of watchEvents(proxy, path, signal)) continue;
  } catch {
    // It is cut at the end of the scenario.
  }
}

async function pollUntilCached(proxy: ProxyProcess, path: string): Promise<MemoryUse> {
  let peak: MemoryUse = { anonymous: 0, rss: 0 };
  for (const end = performance.now() + patienceMs; performance.now() < end;) {
    const response = await ask(proxy, path);
    await response.arrayBuffer();
    const use = readMemory(proxy.pid);
    if (use.anonymous > peak.anonymous) peak = use;
    if (response.headers.get("x-edge-proxy") === "cache") return peak;
    await Bun.sleep(20);
  }
  throw new Error(`the scope was not filled within ${patienceMs / 1000} s`);
}

interface Pings {
  /** Of those that came back since the last question. */
  longestMs(): number;
  stop(): void;
}

/** A request that the proxy refuses by itself, every few milliseconds: it waits as long as the event loop is blocked. */
function startPings(proxy: Server): Pings {
  let longest = 0;
  let isOver = false;
  void (async () => {
    while (!isOver) {
      const began = performance.now();
      const response = await ask(proxy, "/ping", { headers: { Host: "refused.invalid" } });
      await response.arrayBuffer();
      longest = Math.max(longest, performance.now() - began);
      await Bun.sleep(3);
    }
  })().catch(() => undefined);
  return {
    longestMs: () => {
      const result = longest;
      longest = 0;
      return result;
    },
    stop: () => void (isOver = true),
  };
}
