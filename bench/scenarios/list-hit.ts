import type { Bench, Scenario } from "../bench.ts";
import { clientNotes, compare, type Contender, throughputRatio } from "../compare.ts";
import { keepChanging, listPath, nameOf, thousand } from "../objects.ts";
import { atLeast, atMost, measure, note, type Result } from "../result.ts";
import { warm } from "../warm.ts";

const connections = 8;
const json = "application/json";
const protobuf = "application/vnd.kubernetes.protobuf";

export const listHit: Scenario = {
  name: "list-hit",
  help: "A LIST of 1,000 configmaps from the cache, 8 clients, JSON and protobuf, with a selector, and while an object changes ten times a second; against nginx with sendfile and the apiserver.",
  run: async (bench) => {
    await bench.populate(thousand);
    const path = listPath(thousand.namespace);
    const selected = `${path}?labelSelector=app%3Dbench`;
    return [
      ...(await quiet(bench, "json", path, json)),
      ...(await quiet(bench, "protobuf", path, protobuf)),
      ...(await quiet(bench, "json, selector", selected, json)),
      ...(await changing(bench)),
    ];
  },
};

async function quiet(
  bench: Bench,
  form: string,
  path: string,
  accept: string,
): Promise<readonly Result[]> {
  const proxy = await bench.startProxy();
  const body = await warm(proxy, path, accept);
  const nginx = await bench.startNginx({ list: body });
  const { apiserver } = bench;
  const name = (server: string) => `${server} (${form})`;
  const contenders: Contender[] = [
    { name: name("edge-proxy"), server: proxy, path, accept, pids: [proxy.pid] },
    ...(nginx === undefined
      ? []
      : [{ name: name("nginx"), server: nginx, path: "/list", accept, pids: [nginx.pid] }]),
    { name: name("apiserver"), server: apiserver, path, accept, pids: apiserver.pids },
    ...bench.options.targets.map((target) => ({
      name: name(target.name),
      server: target,
      path,
      accept,
    })),
  ];
  const rows = await compare(bench, connections, contenders);
  await bench.endScenario();
  const ratio = (to: string) => throughputRatio(rows, name("edge-proxy"), name(to));
  const cpu = (server: string) =>
    rows.find(({ target }) => target === name(server))?.serverMicroseconds ?? Number.NaN;
  return [
    ...rows,
    ...clientNotes(rows),
    note(`${form}: ${body.length} bytes`),
    ...(nginx === undefined
      ? [note("nginx is not installed: no ratio to it")]
      : [
          measure(`${form}: to nginx`, ratio("nginx"), "×", atLeast(0.95)),
          measure(
            `${form}: CPU per LIST, to nginx`,
            cpu("edge-proxy") / cpu("nginx"),
            "×",
            atMost(1.2),
          ),
        ]),
    measure(`${form}: to the apiserver`, ratio("apiserver"), "×", atLeast(35)),
  ];
}

/** The writes are the apiserver's work, not the proxy's: it does it on the other core. */
async function changing(bench: Bench): Promise<readonly Result[]> {
  const proxy = await bench.startProxy();
  const path = listPath(thousand.namespace);
  await warm(proxy, path);
  bench.placeApiserver("client");
  const changed = `${path}/${nameOf(500)}`;
  const common = { server: proxy, path, pids: [proxy.pid] };
  const rows = await compare(bench, connections, [
    {
      ...common,
      name: "edge-proxy (json, changing)",
      meanwhile: () => keepChanging(bench.apiserver, changed, 10),
    },
    { ...common, name: "edge-proxy (json, quiet)" },
  ]);
  await bench.endScenario();
  const ratio = throughputRatio(rows, "edge-proxy (json, changing)", "edge-proxy (json, quiet)");
  return [
    ...rows,
    ...clientNotes(rows),
    measure("changing ten times a second: to quiet", ratio, "×", atLeast(0.85)),
  ];
}
