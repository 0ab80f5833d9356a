import { join } from "node:path";

import { createTemporaryFolder } from "../src/testing/child-process.ts";
import { call, watch } from "../src/testing/contract-client.ts";
import { type ContractUpstream, startContractUpstream } from "../src/testing/contract-upstream.ts";
import { findAssets } from "../src/testing/envtest.ts";
import { type FaultyLink, startFaultyLink } from "../src/testing/faulty-link.ts";
import { type ProxyProcess, startProxy } from "../src/testing/proxy-process.ts";

/** What `make demo` runs: the main job before the reader's eyes. With `--once` it ends by itself. */

const objects = 1000;
const watchers = 50;
const namespace = "demo";
const path = `/api/v1/namespaces/${namespace}/configmaps`;

const isOnce = process.argv.includes("--once");
let upstream: ContractUpstream | undefined;
let proxy: ProxyProcess | undefined;
let link: FaultyLink | undefined;
let folder: Awaited<ReturnType<typeof createTemporaryFolder>> | undefined;

process.on("SIGINT", () => void end(0));
process.on("SIGTERM", () => void end(0));

async function end(code: number): Promise<never> {
  await proxy?.stop();
  link?.stop();
  await upstream?.stop();
  await folder?.remove();
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
  link = await startFaultyLink(Number(new URL(upstream.url).port));
  folder = await createTemporaryFolder("edge-proxy-demo-");
  await Bun.write(configOf(folder.dir), "rules: []\n");
  proxy = await startAt(upstream, link, folder.dir);
  say(`3. edge-proxy is up at ${proxy.url}\n`);
  return { upstream, proxy };
}

/** The proxy, its way to the apiserver one that can be cut, its disk one that outlives it. */
async function startAt({ url, kubeconfig }: ContractUpstream, way: FaultyLink, dir: string) {
  const server = new URL(url);
  server.port = String(way.port);
  const diskCachePath = join(dir, "cache");
  const flags = ["--config", configOf(dir)];
  return await startProxy({ kubeconfig, server: server.origin, diskCachePath, flags });
}

/** Where the proxy's rules are. */
function configOf(dir: string): string {
  return join(dir, "config.yaml");
}

const namesOnly = `rules:
  - name: names-only
    match: { labelSelector: app=demo }
    keep: [metadata.name, metadata.namespace]
`;

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
  readonly headers: Headers;
}

async function timedList(url: string): Promise<Timed> {
  const began = performance.now();
  const response = await fetch(url + path, { headers: { "user-agent": "demo" } });
  const body = await response.bytes();
  const ms = performance.now() - began;
  const { headers } = response;
  return { from: headers.get("x-edge-proxy") ?? "?", ms, bytes: body.length, headers };
}

function row(...cells: readonly string[]): string {
  const widths = [28, 14, 12, 12];
  return `   ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("")}`.trimEnd();
}

/** What is said at the end: what was shown, how, and how it would be without the proxy. */
const happened: string[][] = [];

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
  const [first, last] = [seen[0], seen.at(-1)];
  expectThat(last?.from === "cache", "the last LIST comes from memory");
  happened.push(["a LIST again", `${last?.ms.toFixed(1)} ms`, `${first?.ms.toFixed(1)} ms`]);
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
  const count = await metric(proxyProcess, "upstream_watches");
  say(row("watches open upstream", String(count)));
  expectThat(count === 1, `${watchers} watchers cost one upstream watch`);
  happened.push([`watches upstream for ${watchers}`, String(count), String(watchers)]);
  for (const each of open) each.close();
}

/** What the proxy says of itself, over all labels. */
async function metric({ adminUrl }: ProxyProcess, name: string): Promise<number> {
  const metrics = await (await fetch(`${adminUrl}/metrics`)).text();
  const lines = [...metrics.matchAll(new RegExp(`^edge_proxy_${name}(?:\\{.*\\})? (\\d+)$`, "gm"))];
  if (lines.length === 0) return Number.NaN;
  return lines.reduce((sum, [, value]) => sum + Number(value), 0);
}

/** The first LIST that is from there, or the last one of twenty seconds. */
async function listUntil(url: string, from: string): Promise<Timed> {
  const until = performance.now() + 20_000;
  let timed = await timedList(url);
  while (timed.from !== from && performance.now() < until) {
    await Bun.sleep(100);
    timed = await timedList(url);
  }
  return timed;
}

function age({ headers }: Timed): string {
  return `${headers.get("age") ?? "?"} s old`;
}

/** The link is cut, the proxy killed and started without it, the link given back. */
async function showOutage(began: ProxyProcess): Promise<ProxyProcess> {
  if (upstream === undefined || link === undefined || folder === undefined) return began;
  // The disk is a second behind memory.
  await Bun.sleep(1500);
  link.refuse();
  say("\nThe link to the apiserver is cut:");
  const cut = await listUntil(began.url, "stale");
  say(row("the same LIST", cut.from, `${cut.ms.toFixed(1)} ms`, age(cut)));
  expectThat(cut.from === "stale", "without the link the last known state is the answer");
  happened.push(["a LIST without the link", `${cut.from}, ${cut.ms.toFixed(1)} ms`, "fails"]);
  const asKubectl = await fetch(began.url + path, { headers: { "user-agent": "kubectl/v1" } });
  say(
    `   kubectl prints: ${asKubectl.headers.get("warning")?.replace(/^299 - "(.*)"$/, "Warning: $1")}`,
  );
  await asKubectl.bytes();

  began.signal("SIGKILL");
  await began.stop();
  const starting = performance.now();
  const restarted = await startAt(upstream, link, folder.dir);
  proxy = restarted;
  const offline = await timedList(restarted.url);
  const ready = performance.now() - starting;
  say("\nThe proxy is killed, and started without the apiserver:");
  say(row("start to first answer", "", `${ready.toFixed(0)} ms`));
  say(row("the same LIST", offline.from, `${offline.ms.toFixed(1)} ms`, age(offline)));
  expectThat(offline.from === "stale" && offline.bytes === cut.bytes, "it answers from its disk");
  happened.push(["a start without it", `answers after ${ready.toFixed(0)} ms`, "fails"]);
  const write = await call({ url: restarted.url }, `${path}/cm-0500`, { method: "DELETE" });
  say(row("a write", String(write.status)));
  expectThat(write.status === 503, "a write is refused, never pretended");

  link.pass();
  say("\nThe link is back:");
  const back = await listUntil(restarted.url, "cache");
  say(row("the same LIST", back.from, `${back.ms.toFixed(1)} ms`));
  expectThat(back.from === "cache", "the scope is live again");
  const fills = await metric(restarted, "scope_fills_total");
  say(row("listed again upstream", String(fills)));
  expectThat(fills === 0, "the watch goes on where it was, nothing is listed again");
  happened.push(["LISTs when it is back", String(fills), "one of each client"]);
  return restarted;
}

/** A rule is written into the config file and read by a signal. */
async function showRules(running: ProxyProcess): Promise<void> {
  if (folder === undefined) return;
  const selected = `${running.url}${path}?labelSelector=app%3Ddemo`;
  const bytesOf = async () => (await (await fetch(selected)).bytes()).length;
  const before = await bytesOf();
  await Bun.write(configOf(folder.dir), namesOnly);
  running.signal("SIGHUP");
  const until = performance.now() + 5000;
  let after = await bytesOf();
  while (after === before && performance.now() < until) after = await bytesOf();
  say("\nA rule (keep: metadata.name, metadata.namespace) is read by SIGHUP:");
  say(row("a LIST by label, before", "", "", String(before)));
  say(row("the same LIST", "", "", String(after)));
  expectThat(after < before / 2, "the rule leaves names only");
  happened.push(["bytes of a LIST by a rule", String(after), String(before)]);
}

function showWhatHappened(): void {
  say("\nWhat happened:");
  say(row("", "edge-proxy", "", "without"));
  for (const [what = "", here = "", without = ""] of happened)
    say(`   ${what.padEnd(28)}${here.padEnd(26)}${without}`);
}

function expectThat(holds: boolean, what: string): void {
  if (!holds) throw new Error(`the demo shows something else: ${what}`);
}

function showWhatNext(url: string, adminUrl: string, kubectl: string): void {
  say(`
What to try:
   ${kubectl} --server ${url} get configmaps -n ${namespace} | head
   ${kubectl} --server ${url} get configmaps -n ${namespace} -w
   ${kubectl} --server ${url} get configmaps -n ${namespace} -l app=demo      # by the rule
   curl -i ${url}${path}?limit=1
   curl ${adminUrl}/statusz
   ./edge-proxy rules --help; ./benchmark --help`);
}

try {
  const started = await startAll();
  await showLists(started.proxy.url);
  await showWatch(started.proxy);
  const last = await showOutage(started.proxy);
  await showRules(last);
  showWhatHappened();
  const assets = findAssets();
  const kubectl = assets === undefined ? "kubectl" : `${assets}/kubectl`;
  showWhatNext(last.url, last.adminUrl, kubectl);
  if (isOnce) await end(0);
  say("\nCtrl-C ends all of it.");
  await new Promise(() => setInterval(() => undefined, 60_000));
} catch (error) {
  say(`\n${error instanceof Error ? error.message : String(error)}`);
  await end(1);
}
