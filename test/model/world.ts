import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createTemporaryFolder, waitUntil } from "../../src/testing/child-process.ts";
import {
  type Answer,
  type Call,
  call,
  type Endpoint,
  type Loose,
  type Watch,
  watch,
} from "../../src/testing/contract-client.ts";
import { installWidgets } from "../../src/testing/contract-fixture.ts";
import { findAssets, startApiserver } from "../../src/testing/envtest.ts";
import { type FakeApiserver, startFakeApiserver } from "../../src/testing/fake-apiserver.ts";
import { fakeTypes } from "../../src/testing/fake-types.ts";
import {
  type ProxyOptions,
  type ProxyProcess,
  startProxy,
} from "../../src/testing/proxy-process.ts";
import { pathOf } from "./choice.ts";
import { History } from "./history.ts";
import { namespaces, type Resource, resources } from "./moves.ts";
import { Random } from "./random.ts";
import { type Relay, startRelay } from "./relay.ts";
import { rulesText } from "./rules.ts";

export interface WorldOptions {
  readonly seed: number;
  readonly target: "fake" | "real";
  readonly binary?: string;
}

/** The proxy, and the process that is it now. */
export interface Proxy {
  url: string;
  process: ProxyProcess;
}

/** What stands for a run: an apiserver, a relay before it, the proxy before that, and the reference histories. */
export interface World {
  readonly target: "fake" | "real";
  /** The proxy. */
  readonly proxy: Proxy;
  /** How long before a kill what was shown is on disk. */
  readonly flushMs: number;
  /** Another process in place of the proxy's, on the same folder; the one before is killed. */
  restartProxy(): Promise<void>;
  /** Around it. */
  readonly direct: Endpoint;
  readonly fake: FakeApiserver | undefined;
  readonly relay: Relay;
  readonly histories: Readonly<Record<Resource, History>>;
  readonly hasWatchList: boolean;
  /** Watches may come too late for what they name, with nothing compacted. */
  readonly hasShortWindow: boolean;
  /** Scopes may be given up for want of memory, and their watches end. */
  readonly isTight: boolean;
  /** How it was set up, for the report. */
  readonly description: string;
  /** Upstream's revision as far as it is known: exactly before the fake one, at least before a real one. */
  revision(): number;
  /** Notes a revision that was seen. */
  saw(revision: number): void;
  /** Makes the histories complete up to all that has happened until now. */
  catchUp(): Promise<void>;
  stop(): Promise<void>;
}

/** A request around the proxy; a connection that a fault has cut meanwhile is no answer. */
export async function callDirect(
  { direct }: World,
  path: string,
  options: Call = {},
): Promise<Answer> {
  return await call(direct, path, options).catch(() => call(direct, path, options));
}

/** Starts all of it; the seed decides how upstream and the proxy are set up. */
export async function startWorld(options: WorldOptions): Promise<World> {
  return options.target === "fake" ? await startFakeWorld(options) : await startRealWorld(options);
}

function newHistories(): Record<Resource, History> {
  return { configmaps: new History(), pods: new History(), widgets: new History() };
}

async function startFakeWorld({ seed, binary }: WorldOptions): Promise<World> {
  const random = new Random(seed ^ 0x5eed);
  const setup = {
    watchList: random.pick(["on", "on", "on", "off"] as const),
    bookmarkEveryMs: random.pick([50, 400, 60_000]),
  };
  const isTight = random.chance(0.15);
  const flushMs = 200;
  // One that no scope answers: all of its watches are upstream's own.
  const passed = new Random(seed ^ 0x9a55).pick([
    undefined,
    undefined,
    undefined,
    "configmaps",
    "pods",
    "example.com/widgets",
  ]);
  const flags = [
    ["--watch-buffer", random.pick(["64Ki", "1Mi"])],
    ["--scope-idle", random.pick(["1s", "5m"])],
    isTight ? ["--memory-limit", "1Mi"] : [],
    ["--disk-flush", `${flushMs}ms`],
    passed === undefined ? [] : ["--no-cache-resources", passed],
  ].flat();
  const watchCacheSize = random.pick([undefined, undefined, 30]);
  const window = watchCacheSize === undefined ? {} : { watchCacheSize };
  const fake = await startFakeApiserver({ ...setup, ...window });
  const histories = newHistories();
  for (const resource of resources) follow(fake, resource, histories[resource]);
  const direct = { url: fake.url, token: fake.adminToken };
  await createNamespaces(direct);
  const relay = await startRelay(fake.port);
  const kubeconfig = await writeKubeconfig(relay.port, fake.adminToken);
  const { proxy, restart, stop } = await keepProxy({
    kubeconfig,
    flags,
    ...(binary === undefined ? {} : { binary }),
  });
  return {
    target: "fake",
    proxy,
    flushMs,
    restartProxy: restart,
    direct,
    fake,
    relay,
    histories,
    isTight,
    hasWatchList: setup.watchList === "on",
    hasShortWindow: watchCacheSize !== undefined,
    description: `fake apiserver ${JSON.stringify({ ...setup, ...window })}, edge-proxy ${flags.join(" ")}`,
    revision: () => fake.store.revision,
    saw: () => undefined,
    catchUp: async () => undefined,
    stop: async () => {
      await stop();
      relay.stop();
      await fake.stop();
      await rm(kubeconfig, { force: true });
    },
  };
}

/** The proxy on a disk folder that outlives its processes. */
async function keepProxy(options: ProxyOptions): Promise<{
  readonly proxy: Proxy;
  readonly restart: () => Promise<void>;
  readonly stop: () => Promise<void>;
}> {
  const { dir, remove } = await createTemporaryFolder("edge-proxy-model-");
  const config = join(dir, "config.yaml");
  await Bun.write(config, rulesText);
  const flags = [...(options.flags ?? []), "--config", config];
  const start = () => startProxy({ ...options, flags, diskCachePath: join(dir, "cache") });
  const process = await start();
  const proxy = { url: process.url, process };
  const restart = async () => {
    proxy.process.signal("SIGKILL");
    await proxy.process.stop();
    proxy.process = await start();
    proxy.url = proxy.process.url;
  };
  const stop = async () => {
    await proxy.process.stop();
    await remove();
  };
  return { proxy, restart, stop };
}

/** Every event of the store, as it happens. */
function follow(fake: FakeApiserver, resource: Resource, history: History): void {
  const type = fakeTypes.find(({ gvr }) => gvr.resource === resource);
  if (type === undefined) throw new Error(`the fake apiserver has no ${resource}`);
  const collection = fake.store.collection(type);
  collection.listeners.add(() => {
    const event = collection.events.at(-1);
    if (event === undefined || event.revision <= history.revision) return;
    history.record(event.type, event.current.object);
    history.forget(event.revision, collection.oldest);
  });
}

export async function createNamespaces(direct: Endpoint): Promise<void> {
  for (const name of namespaces) {
    const body = { metadata: { name } };
    await call(direct, "/api/v1/namespaces", { method: "POST", body });
  }
}

async function writeKubeconfig(port: number, token: string): Promise<string> {
  const path = join(tmpdir(), `edge-proxy-model-${crypto.randomUUID()}.kubeconfig`);
  const text = `apiVersion: v1
kind: Config
clusters: [{ name: model, cluster: { server: "http://127.0.0.1:${port}" } }]
users: [{ name: model, user: { token: ${token} } }]
contexts: [{ name: model, context: { cluster: model, user: model } }]
current-context: model
`;
  await Bun.write(path, text);
  return path;
}

async function startRealWorld({ binary }: WorldOptions): Promise<World> {
  const assets = findAssets();
  if (assets === undefined) throw new Error("no kube-apiserver was found: set KUBEBUILDER_ASSETS");
  const server = await startApiserver({ assets });
  const direct = { url: server.url, ca: server.ca, token: server.adminToken };
  await createNamespaces(direct);
  const target = { ...direct, direct, isFake: false, version: server.version };
  await installWidgets(target);
  const relay = await startRelay(server.port);
  const { proxy, restart, stop } = await keepProxy({
    kubeconfig: server.kubeconfig,
    server: `https://127.0.0.1:${relay.port}`,
    flags: ["--watch-buffer", "1Mi"],
    ...(binary === undefined ? {} : { binary }),
  });
  const histories = newHistories();
  const watches = await Promise.all(
    resources.map((resource) => followDirect(direct, resource, histories[resource])),
  );
  let seen = 0;
  return {
    target: "real",
    proxy,
    flushMs: 1000,
    restartProxy: restart,
    direct,
    fake: undefined,
    relay,
    histories,
    isTight: false,
    hasWatchList: true,
    hasShortWindow: false,
    description: `kube-apiserver ${server.version}`,
    revision: () => Math.max(seen, ...resources.map((each) => histories[each].revision)),
    saw: (revision) => {
      seen = Math.max(seen, revision);
    },
    catchUp: async () => {
      for (const resource of resources) await catchUp(direct, resource, histories[resource]);
    },
    stop: async () => {
      for (const each of watches) each.close();
      await stop();
      relay.stop();
      await server.stop();
    },
  };
}

/** A watch around the proxy is the reference where there is no store to look into. */
async function followDirect(
  direct: Endpoint,
  resource: Resource,
  history: History,
): Promise<Watch> {
  const list = await call(direct, pathOf(resource, ""));
  const { metadata, items } = JSON.parse(list.text);
  for (const object of items.toSorted(byRevision)) history.record("ADDED", object);
  const query = `?watch=1&timeoutSeconds=3000&resourceVersion=${metadata.resourceVersion}`;
  const opened = await watch(direct, pathOf(resource, "") + query);
  const { events } = opened;
  const push = events.push.bind(events);
  events.push = (...more) => {
    for (const { type, object } of more) history.record(type, object);
    return push(...more);
  };
  return opened;
}

function byRevision(a: Loose, b: Loose): number {
  return Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion);
}

/** A write that the reference sees is the mark: all before it has been seen as well. */
async function catchUp(direct: Endpoint, resource: Resource, history: History): Promise<void> {
  const metadata = { name: "mark", annotations: { mark: crypto.randomUUID() } };
  const isWidget = resource === "widgets";
  const type = isWidget ? { apiVersion: "example.com/v1", kind: "Widget" } : {};
  const spec = { containers: [{ name: "c", image: "i" }] };
  const body = { ...type, metadata, ...(resource === "pods" ? { spec } : {}) };
  const contentType = "application/merge-patch+json";
  const path = pathOf(resource, "m", "mark");
  const patched = await call(direct, path, { method: "PATCH", contentType, body: { metadata } });
  const made =
    patched.status === 404
      ? await call(direct, pathOf(resource, "m"), { method: "POST", body })
      : patched;
  const revision = Number(JSON.parse(made.text).metadata.resourceVersion);
  await waitUntil(`the reference has seen ${revision}`, () => history.revision >= revision);
}
