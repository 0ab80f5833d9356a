import type { Server } from "../http.ts";
import { consistency } from "./cases/consistency.ts";
import { filter } from "./cases/filter.ts";
import { func } from "./cases/func.ts";
import { resource } from "./cases/resource.ts";
import { Checks } from "./checks.ts";
import type { Case, CaseContext, CaseSettings } from "./context.ts";
import { LatencySeries } from "./latency-series.ts";
import type { RunNamespace } from "./namespace.ts";
import type { CaseName } from "./options.ts";
import type { Outcome } from "./outcome.ts";
import { Timings } from "./timings.ts";
import { UsageMeter } from "./usage-meter.ts";
import type { UsageSource } from "./usage-source.ts";

/** What is tried, and where its use is read. */
export interface TriedServer {
  readonly name: string;
  readonly server: Server;
  readonly is: "proxy" | "direct";
  readonly source: UsageSource;
}

/** What all cases of a run share. */
export interface RunParts {
  readonly targets: readonly TriedServer[];
  readonly apiserver: Server;
  readonly namespace: Pick<RunNamespace, "name" | "run">;
  readonly settings: CaseSettings;
  readonly signal: AbortSignal;
  readonly tell: (text: string) => void;
}

const cases: Readonly<Record<CaseName, Case>> = { func, filter, consistency, resource };

/** Runs one case on all targets that it is for. A case that cannot be made is an outcome with an error; rejects only when the run is over. */
export async function runCase(name: CaseName, parts: RunParts): Promise<readonly Outcome[]> {
  const isFor = ({ is }: TriedServer) => is === "proxy" || cases[name].isForDirect === "yes";
  const contexts = parts.targets.filter(isFor).map((target) => contextOf(name, target, parts));
  let error: string | undefined;
  try {
    await cases[name].run(contexts, parts.settings);
  } catch (thrown) {
    error = (thrown instanceof Error ? thrown.message : String(thrown)).split("\n")[0];
  }
  parts.signal.throwIfAborted();
  return contexts.map(({ target, timings, checks, usage, series, notes }) => ({
    case: name,
    target,
    operations: timings.all,
    checks: checks.all,
    usage: usage.total,
    latency: series.points,
    memory: usage.points,
    notes,
    error,
  }));
}

function contextOf(name: CaseName, target: TriedServer, parts: RunParts): CaseContext {
  const { apiserver, namespace, signal } = parts;
  return {
    target: target.name,
    server: target.server,
    apiserver,
    namespace: namespace.name,
    run: namespace.run,
    signal,
    checks: new Checks(),
    timings: new Timings(),
    series: new LatencySeries(),
    usage: new UsageMeter(target.source),
    notes: [],
    tell: (text) => parts.tell(`${name}, ${target.name}: ${text}`),
  };
}
