import { cpus } from "node:os";

import { ask, type Server } from "../http.ts";
import { openCluster } from "./cluster.ts";
import { openNamespace, type RunNamespace } from "./namespace.ts";
import { openLink } from "./open-link.ts";
import type { BenchmarkOptions, Target } from "./options.ts";
import { hasPassed, type Outcome, type Report } from "./outcome.ts";
import type { ProgressLine } from "./progress-line.ts";
import { runCase, type RunParts, type TriedServer } from "./run-cases.ts";
import { findUsageSource } from "./usage-source.ts";

/**
 * Runs the cases one after another, in a namespace that is removed however it ends. Rejects when a target does not answer,
 * and when the signal aborts.
 */
export async function runBenchmark(
  options: BenchmarkOptions,
  about: { readonly version: string; readonly progress: ProgressLine },
  signal: AbortSignal,
): Promise<Report> {
  const { version, progress } = about;
  const began = new Date().toISOString();
  const apiserver = await openCluster(options);
  const targets = await Promise.all(
    options.targets.map((target) => openTarget(target, options, apiserver, signal)),
  );
  const namespace = await openNamespace(apiserver, options.namespace, signal);
  progress.say(`namespace ${namespace.name}; ${targets.map(describeTarget).join("; ")}`);
  const { durationSeconds, concurrency } = options;
  const settings = { durationSeconds, concurrency, openLink: () => openLink(options, apiserver) };
  const tell = (text: string) => progress.tell(text);
  const parts = { targets, apiserver, namespace, settings, signal, tell };
  let outcomes: readonly Outcome[] = [];
  let isClean = false;
  try {
    outcomes = await runAll(options, parts, progress);
  } finally {
    isClean = await clean(namespace, progress);
  }
  return {
    version,
    began,
    machine: describeMachine(),
    targets: targets.map(({ name, server }) => ({ name, url: server.url })),
    durationSeconds,
    concurrency,
    outcomes,
    passed: isClean && outcomes.length > 0 && outcomes.every(hasPassed),
  };
}

/** Whether nothing is left; says so otherwise, and is no reason to forget what was found. */
async function clean(namespace: RunNamespace, progress: ProgressLine): Promise<boolean> {
  progress.tell("removing what was written");
  try {
    await namespace.remove();
    return true;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    progress.say(`namespace ${namespace.name} could not be cleaned: ${reason}`);
    return false;
  } finally {
    progress.end();
  }
}

async function runAll(
  { cases }: BenchmarkOptions,
  parts: RunParts,
  progress: ProgressLine,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const name of cases) {
    progress.say(`${name} …`);
    outcomes.push(...(await runCase(name, parts)));
  }
  return outcomes;
}

async function openTarget(
  { name, url }: Target,
  { proxyPid, admin }: BenchmarkOptions,
  apiserver: Server,
  signal: AbortSignal,
): Promise<TriedServer> {
  const server = url === undefined ? apiserver : { url };
  // What is told of one proxy is told of the first: a second one has another process.
  const isFirst = name === "edge-proxy";
  const source = findUsageSource({
    url: server.url,
    pid: isFirst ? proxyPid : undefined,
    admin: isFirst ? admin : undefined,
  });
  const response = await ask(server, "/version", { signal }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw new Error(`${name} does not answer at ${server.url}: is it started?`, { cause: error });
  });
  await response.arrayBuffer();
  if (response.ok) return { name, server, source, is: url === undefined ? "direct" : "proxy" };
  throw new Error(`${name} at ${server.url} answers ${response.status} to GET /version`);
}

function describeTarget({ name, server, source }: TriedServer): string {
  return `${name} at ${server.url} (${source.description})`;
}

function describeMachine(): string {
  const processors = cpus();
  return `${processors.length} cores (${processors[0]?.model ?? "unknown"}), Bun ${Bun.version}`;
}
