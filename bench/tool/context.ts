import { ask, type Asked, type Server } from "../http.ts";
import type { Checks } from "./checks.ts";
import type { LatencySeries } from "./latency-series.ts";
import type { OpenLink } from "./link.ts";
import type { CaseName } from "./options.ts";
import type { Timings } from "./timings.ts";
import type { UsageMeter } from "./usage-meter.ts";

/** One case on one target: what it is given, and where it puts what it finds. */
export interface CaseContext {
  readonly target: string;
  readonly server: Server;
  /** The apiserver itself. */
  readonly apiserver: Server;
  readonly namespace: string;
  /** The value of `runLabel` on all that this run writes. */
  readonly run: string;
  /** Aborts at --timeout and at Ctrl-C. */
  readonly signal: AbortSignal;
  readonly checks: Checks;
  readonly timings: Timings;
  readonly series: LatencySeries;
  readonly usage: UsageMeter;
  /** What a reader must know of the figures. */
  readonly notes: string[];
  /** Where it stands, for people who wait. */
  readonly tell: (text: string) => void;
}

export interface CaseSettings {
  readonly durationSeconds: number;
  readonly concurrency: number;
  /** Finds the way to cut the link; rejects with what to do where there is none. */
  readonly openLink: OpenLink;
}

export interface Case {
  readonly name: CaseName;
  /** Whether the apiserver itself can be tried: it has no rules, and nothing before it to be cut. */
  readonly isForDirect: "yes" | "no";
  /** Runs it on all targets: one after another, or by turns. Rejects when it cannot be made. */
  run(contexts: readonly CaseContext[], settings: CaseSettings): Promise<void>;
}

/** What was answered. */
export interface Answer {
  /** 0 where there was no answer; the body then says why. */
  readonly status: number;
  readonly body: Buffer;
  /** What a proxy says of where it has this from. */
  readonly source: string | undefined;
}

/** In place of an answer that did not come. */
export function noAnswer(error: unknown): Answer {
  const reason = error instanceof Error ? error.message : String(error);
  return { status: 0, body: Buffer.from(reason), source: "no answer" };
}

/** Asks the target, and takes the time until the whole answer is there under the operation's name. */
export async function send(
  context: CaseContext,
  operation: string,
  path: string,
  asked: Asked = {},
): Promise<Answer & { readonly ms: number }> {
  const began = performance.now();
  const answer = await sendUntimed(context, path, asked);
  const ms = performance.now() - began;
  context.timings.record(operation, ms, answer.body.length);
  return { ...answer, ms };
}

/** Asks the target; what it takes tells nothing. */
export function sendUntimed(
  context: CaseContext,
  path: string,
  asked: Asked = {},
): Promise<Answer> {
  return askFor(context.server, path, { signal: context.signal, ...asked });
}

/** Asks the apiserver itself; its time is nobody's concern. */
export function look(context: CaseContext, path: string, asked: Asked = {}): Promise<Answer> {
  return askFor(context.apiserver, path, { signal: context.signal, ...asked });
}

async function askFor(server: Server, path: string, asked: Asked): Promise<Answer> {
  const response = await ask(server, path, asked);
  const body = Buffer.from(await response.arrayBuffer());
  const source = response.headers.get("x-edge-proxy") ?? undefined;
  return { status: response.status, body, source };
}
