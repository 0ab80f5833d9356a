import { startFaultyLink } from "../../src/testing/faulty-link.ts";
import type { Bench, Scenario } from "../bench.ts";
import { demand } from "../http.ts";
import { type Informer, startInformer } from "../informer.ts";
import { listPath, nameOf, thousand } from "../objects.ts";
import { during } from "../progress.ts";
import { type CountingRelay, startCountingRelay } from "../relay.ts";
import { atMost, measure, type Result } from "../result.ts";
import { warm } from "../warm.ts";

const informers = 100;
const flapMs = 10_000;
/** So long after the return whatever it costs upstream has been asked for. */
const settleMs = 5000;
const patienceMs = 60_000;

type Cut = "blackHole" | "refuse";

/** What is watched: a scope each, and an object of it to be changed. */
const scopes = [
  { resource: "configmaps", path: listPath(thousand.namespace), name: nameOf(7) },
  { resource: "namespaces", path: "/api/v1/namespaces", name: thousand.namespace },
  {
    resource: "serviceaccounts",
    path: `/api/v1/namespaces/${thousand.namespace}/serviceaccounts`,
    name: "flap",
  },
] as const;

export const flap: Scenario = {
  name: "flap",
  help: "The link to the apiserver goes for 10 s, by a black hole and by refused connections, while 100 informers (half by WatchList, half by LIST and WATCH) stand on three scopes, and each scope changes meanwhile: what its return costs the apiserver (counted by a relay), and until all informers know of the change.",
  run: async (bench) => {
    await bench.populate(thousand);
    const { path, name } = scopes[2];
    await demand(bench.apiserver, path, { method: "POST", body: { metadata: { name } } });
    return [
      ...(await flapBy(bench, "blackHole", "black hole")),
      ...(await flapBy(bench, "refuse", "refused")),
    ];
  },
};

async function flapBy(bench: Bench, cut: Cut, name: string): Promise<readonly Result[]> {
  const relay = await startCountingRelay(bench.apiserver);
  bench.defer(() => relay.stop());
  const link = await startFaultyLink(Number(new URL(relay.url).port));
  bench.defer(async () => link.stop());
  const proxy = await bench.startProxy({ server: `http://127.0.0.1:${link.port}` });
  for (const scope of scopes) await warm(proxy, scope.path);
  const abort = new AbortController();
  bench.defer(async () => abort.abort());
  const synced = await during(`${informers} informers`, () =>
    Promise.all(
      Array.from({ length: informers }, async (_, at) => {
        const { path } = scopeOf(at);
        const kind = at % 2 === 0 ? "WatchList" : "LIST and WATCH";
        return startInformer(kind, proxy, path, abort.signal);
      }),
    ),
  );
  link[cut]();
  relay.forget();
  await during(`${name} of ${flapMs / 1000} s`, () => Bun.sleep(flapMs));
  const reached = await Promise.all(
    scopes.map(({ path, name: object }) => touch(bench, `${path}/${object}`)),
  );
  link.pass();
  const began = performance.now();
  const told = await during("what was written meanwhile", () =>
    Promise.all(
      synced.map((informer, at) => hasReached(informer, reached[at % scopes.length] ?? 0)),
    ),
  );
  const toldMs = performance.now() - began;
  await Bun.sleep(settleMs);
  const results = [
    ...cost(relay, name),
    measure(
      `${name}: informers that lost their watch`,
      told.filter((each) => !each).length,
      "",
      atMost(0),
    ),
    measure(`${name}: from the link's return until all know what was written`, toldMs, "ms"),
  ];
  await bench.endScenario();
  return results;
}

function cost(relay: CountingRelay, name: string): readonly Result[] {
  const full = scopes.map(({ resource }) => relay.countFull(resource));
  const watches = scopes.map(({ resource }) => relay.count("watch", resource));
  const lists = scopes.map(({ resource }) => relay.count("list", resource));
  return [
    measure(`${name}: full lists upstream`, sum(full), "", atMost(0)),
    measure(
      `${name}: watches upstream, of the scope that cost most`,
      Math.max(...watches),
      "",
      atMost(1),
    ),
    measure(`${name}: of limit=1, lists upstream`, sum(lists) - sum(full), ""),
  ];
}

function scopeOf(at: number) {
  return scopes[at % scopes.length] ?? scopes[0];
}

/** Changes the object; its resourceVersion then. */
async function touch(bench: Bench, path: string): Promise<number> {
  const body = { metadata: { annotations: { flap: String(performance.now()) } } };
  const contentType = "application/merge-patch+json";
  const answer = await demand(bench.apiserver, path, { method: "PATCH", body, contentType });
  const object: { metadata: { resourceVersion: string } } = JSON.parse(answer.toString());
  return Number(object.metadata.resourceVersion);
}

/** Whether it was told of it in time, by the watch that it has. */
async function hasReached(informer: Informer, resourceVersion: number): Promise<boolean> {
  const told = informer.reached(resourceVersion).then(
    () => true,
    () => false,
  );
  return await Promise.race([told, Bun.sleep(patienceMs).then(() => false)]);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
