import type { Bench, Scenario } from "../bench.ts";
import { clientNotes, compare, type Contender, type Slices, throughputRatio } from "../compare.ts";
import { listPath, nameOf, thousand } from "../objects.ts";
import { atLeast, atMost, type LoadRow, measure, note, type Result } from "../result.ts";

/** The proxy caches nothing, and equal requests are never in flight together: each is forwarded on its own. */
const flags = ["--no-cache-resources", "*/*"];
const distinct = "?bench={n}";
/** Forwarding takes much code, which Bun compiles again and again during its first 12,000 requests (m). */
const warmUpSeconds = 12;
/** Shorter slices hold some fifty LISTs, and eight are cut off at the end of each (m: 0.72 to 0.88 of direct with half a second). */
const ofLists = { leastSlice: 1.5 } as const;

export const passthrough: Scenario = {
  name: "passthrough",
  help: "What is not cached: a small GET by one client, and a LIST of 530 KB by 8 clients, each with a query of its own so that none is coalesced; against the apiserver. The least that a Bun.serve with fetch adds to the GET is beside it.",
  run: async (bench) => {
    await bench.populate(thousand);
    return [...(await smallGet(bench)), ...(await largeList(bench)), ...(await asGo(bench))];
  },
};

async function smallGet(bench: Bench): Promise<readonly Result[]> {
  const path = `${listPath(thousand.namespace)}/${nameOf(500)}${distinct}`;
  const bare = await bench.startForwardServer();
  const name = "bare Bun.serve and fetch (small GET)";
  const pids = [bare.pid, ...bench.apiserver.pids];
  const rows = await compareWithDirect(bench, 1, path, "small GET", {
    others: [{ name, server: bare, path, pids, warmUpSeconds }],
  });
  const [proxied, direct, floor] = rows;
  const over = (row: LoadRow | undefined) =>
    (row?.medianMs ?? Number.NaN) - (direct?.medianMs ?? Number.NaN);
  return [
    ...rows,
    measure("small GET: over direct at p50", over(proxied), "ms", atMost(0.35)),
    measure("the same of a bare Bun.serve and fetch", over(floor), "ms"),
  ];
}

async function largeList(bench: Bench): Promise<readonly Result[]> {
  const path = `${listPath(thousand.namespace)}${distinct}`;
  const rows = await compareWithDirect(bench, 8, path, "LIST", { slices: ofLists });
  const ratio = throughputRatio(rows, "edge-proxy (LIST)", "apiserver (LIST)");
  return [
    ...rows,
    ...clientNotes(rows),
    measure("LIST: to direct", ratio, "×", atLeast(0.8)),
    measure("LIST: to direct, by CPU per request", cpuRatio(rows), "×"),
    note("the proxy and the apiserver share one core, and its use by both is in the proxy's row"),
  ];
}

/** The same as client-go asks: with gzip, which then passes as it is. */
async function asGo(bench: Bench): Promise<readonly Result[]> {
  const path = `${listPath(thousand.namespace)}${distinct}`;
  const what = "LIST, gzip";
  const rows = await compareWithDirect(bench, 8, path, what, { takes: "gzip", slices: ofLists });
  const ratio = throughputRatio(rows, `edge-proxy (${what})`, `apiserver (${what})`);
  return [
    ...rows,
    ...clientNotes(rows),
    measure("LIST, gzip: to direct", ratio, "×", atLeast(0.8)),
  ];
}

/** The ratio that two saturated servers on an otherwise idle core would have: other load on the machine is not in it. */
function cpuRatio([proxied, direct]: readonly LoadRow[]): number {
  return (direct?.serverMicroseconds ?? Number.NaN) / (proxied?.serverMicroseconds ?? Number.NaN);
}

/** What else is compared, and how. */
interface With {
  readonly takes?: "gzip";
  readonly others?: readonly Contender[];
  readonly slices?: Slices;
}

async function compareWithDirect(
  bench: Bench,
  connections: number,
  path: string,
  what: string,
  { takes, others = [], slices = {} }: With = {},
) {
  const { apiserver } = bench;
  const proxy = await bench.startProxy({ flags });
  const pids = [proxy.pid, ...apiserver.pids];
  const encoding = takes === undefined ? {} : { takes };
  const contenders: Contender[] = [
    { name: `edge-proxy (${what})`, server: proxy, path, pids, warmUpSeconds, ...encoding },
    { name: `apiserver (${what})`, server: apiserver, path, pids: apiserver.pids, ...encoding },
    ...others,
    ...bench.options.targets.map((target) => ({
      name: `${target.name} (${what})`,
      server: target,
      path,
      ...encoding,
    })),
  ];
  const rows = await compare(bench, connections, contenders, slices);
  await bench.endScenario();
  return rows;
}
