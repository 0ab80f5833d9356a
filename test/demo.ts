import { call, watch } from "../src/testing/contract-client.ts";
import { type ContractUpstream, startContractUpstream } from "../src/testing/contract-upstream.ts";
import { findAssets } from "../src/testing/envtest.ts";
import { type ProxyProcess, startProxy } from "../src/testing/proxy-process.ts";

/** What `make demo` runs: the main job before the reader's eyes. With `--once` it ends by itself. */

const objects = 1000;
const watchers = 50;
const namespace = "demo";
const path = `/api/v1/namespaces/${namespace}/configmaps`;

const isOnce = process.argv.includes("--once");
let upstream: ContractUpstream | undefined;
let proxy: ProxyProcess | undefined;

process.on("SIGINT", () => void end(0));
process.on("SIGTERM", () => void end(0));

async function end(code: number): Promise<never> {
  await proxy?.stop();
  await upstream?.stop();
  say("\nAll stopped, nothing left behind.");
  process.exit(code);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function startAll(): Promise<{ upstream: ContractUpstream; proxy: ProxyProcess }> {
  say(
    findAssets() === undefined
      ? "1. Starting the embedded fake apiserver (no kube-apiserver was found: set KUBEBUILDER_ASSETS) …"
      : "1. Starting a real kube-apiserver and etcd (about 10 s) …",
  );
  upstream = await startContractUpstream();
  say(
    `   ${upstream.isFake ? "fake apiserver" : `kube-apiserver ${upstream.version}`} at ${upstream.url}`,
  );
  await fill(upstream);
  proxy = await startProxy({ kubeconfig: upstream.kubeconfig });
  say(`3. edge-proxy is up at ${proxy.url}\n`);
  return { upstream, proxy };
}

/** Writes the objects, sixteen at a time. */
async function fill(target: ContractUpstream): Promise<void> {
  say(`2. Filling it with ${objects} configmaps …`);
  await call(target, "/api/v1/namespaces", {
    method: "POST",
    body: { metadata: { name: namespace } },
  });
  let next = 0;
  const writer = async () => {
    for (let at = next++; at < objects; at = next++) {
      const name = `cm-${String(at).padStart(4, "0")}`;
      const body = { metadata: { name, labels: { app: "demo" } }, data: { text: "x".repeat(180) } };
      const { status } = await call(target, path, { method: "POST", body });
      if (status !== 201) throw new Error(`${name} was answered ${status}`);
      if (process.stdout.isTTY && at % 100 === 99) process.stdout.write(`\r   ${at + 1} `);
    }
  };
  await Promise.all(Array.from({ length: 16 }, writer));
  if (process.stdout.isTTY) process.stdout.write("\r          \r");
}

interface Timed {
  readonly from: string;
  readonly ms: number;
  readonly bytes: number;
}

async function timedList(url: string): Promise<Timed> {
  const began = performance.now();
  const response = await fetch(url + path, { headers: { "user-agent": "demo" } });
  const body = await response.bytes();
  const ms = performance.now() - began;
  return { from: response.headers.get("x-edge-proxy") ?? "?", ms, bytes: body.length };
}

function row(...cells: readonly string[]): string {
  const widths = [28, 14, 12, 12];
  return `   ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("")}`.trimEnd();
}

async function showLists(url: string): Promise<void> {
  say(`The same LIST of ${objects} configmaps:`);
  say(row("", "answered by", "time", "bytes"));
  const names = ["first", "second: starts the scope", "third", "fourth"];
  const seen: Timed[] = [];
  for (const name of names) {
    const timed = await timedList(url);
    seen.push(timed);
    say(row(name, timed.from, `${timed.ms.toFixed(1)} ms`, String(timed.bytes)));
  }
  expectThat(seen[0]?.from === "upstream", "the first LIST comes from upstream");
  expectThat(seen.at(-1)?.from === "cache", "the last LIST comes from memory");
}

async function showWatch(proxyProcess: ProxyProcess): Promise<void> {
  const list = await (await fetch(proxyProcess.url + path)).json();
  const { resourceVersion } = (list as { metadata: { resourceVersion: string } }).metadata;
  const target = { url: proxyProcess.url };
  const query = `${path}?watch=1&resourceVersion=${resourceVersion}&timeoutSeconds=20`;
  const open = await Promise.all(Array.from({ length: watchers }, () => watch(target, query)));
  const began = performance.now();
  const body = { data: { text: "changed" } };
  await call(target, `${path}/cm-0500`, {
    method: "PATCH",
    body,
    contentType: "application/merge-patch+json",
  });
  const written = performance.now() - began;
  while (open.some((each) => each.events.length === 0) && performance.now() - began < 5000)
    await Bun.sleep(1);
  const events = open.flatMap((each) => each.events.slice(0, 1));
  const seen = performance.now() - began;
  const [event] = events as { type?: string }[];
  say(`\n${watchers} watches on it; one configmap is changed:`);
  say(row("the write was answered", "", `${written.toFixed(1)} ms`));
  say(row(`all ${events.length} watchers saw it`, event?.type ?? "?", `${seen.toFixed(1)} ms`));
  expectThat(
    events.every((each) => each?.type === "MODIFIED"),
    "all watchers see the change",
  );
  const count = await upstreamWatches(proxyProcess);
  say(row("watches open upstream", String(count)));
  expectThat(count === 1, `${watchers} watchers cost one upstream watch`);
  for (const each of open) each.close();
}

/** What the proxy says of itself: the scopes that it watches. */
async function upstreamWatches(proxyProcess: ProxyProcess): Promise<number> {
  const metrics = await (await fetch(`${proxyProcess.adminUrl}/metrics`)).text();
  const [, value] = /^edge_proxy_upstream_watches (\d+)$/m.exec(metrics) ?? [];
  return Number(value ?? Number.NaN);
}

function expectThat(holds: boolean, what: string): void {
  if (!holds) throw new Error(`the demo shows something else: ${what}`);
}

function showWhatNext(url: string, adminUrl: string, kubectl: string): void {
  say(`
Go on yourself:
   ${kubectl} --server ${url} get configmaps -n ${namespace} | head
   ${kubectl} --server ${url} get configmaps -n ${namespace} -w
   curl -i ${url}${path}?limit=1
   curl ${adminUrl}/statusz`);
}

try {
  const started = await startAll();
  await showLists(started.proxy.url);
  await showWatch(started.proxy);
  const assets = findAssets();
  const kubectl = assets === undefined ? "kubectl" : `${assets}/kubectl`;
  showWhatNext(started.proxy.url, started.proxy.adminUrl, kubectl);
  if (isOnce) await end(0);
  say("\nCtrl-C ends all of it.");
  await new Promise(() => setInterval(() => undefined, 60_000));
} catch (error) {
  say(`\n${error instanceof Error ? error.message : String(error)}`);
  await end(1);
}
