import { serviceUnavailable, type StatusError } from "../api/status.ts";
import type { ReplayAnswer } from "../cache/replay-rows.ts";
import type { Answer } from "../http/answer.ts";
import type { Caller } from "./guard.ts";
import { isOutdated } from "./kept-table.ts";
import type { ProxyParts } from "./parts.ts";
import type { ReadRequest } from "./read-request.ts";
import type { Reading } from "./reading.ts";
import { answerReplayed, keptAnswer, type Replayed } from "./replay.ts";
import { answerStale, isUnreachable, lastKnown } from "./stale.ts";
import type { WatchContext } from "./watch-stream.ts";

/** A request that upstream did not answer. */
export interface Unanswered extends Omit<Reading, "read">, Replayed {
  readonly caller: Caller;
  /** The same read as plain JSON objects, where the client takes those too: in place of a Table that was never seen. */
  readonly asObjects: () => ReadRequest | undefined;
}

/**
 * What is known in place of upstream's answer: the last state of a scope, else the last answer to the same request, else
 * plain objects in place of a Table (DESIGN 1, sources 3 and 4), also of one that shows less than a scope knows. Rejects with
 * the error where nothing is.
 */
export async function answerLastKnown(
  parts: ProxyParts,
  context: WatchContext,
  asked: Unanswered,
  error: unknown,
): Promise<Answer> {
  const { request, caller, read } = asked;
  if (!isUnreachable(error) || request.method !== "GET" || caller !== "node") throw error;
  // What upstream would answer with are frames of a WebSocket; the client falls back, or tries again.
  if (request.block.upgrade !== undefined) throw error;
  const stale = read && (await answerStale(parts, context, { ...asked, read }));
  if (stale !== undefined) return stale;
  const kept = await keptAnswer(parts, asked);
  const objects = read === undefined ? asked.asObjects() : undefined;
  const isNewest =
    kept !== undefined && !(objects !== undefined && (await isOutdatedIn(parts, objects, kept)));
  const newest = isNewest ? await answerReplayed(parts, asked, kept) : undefined;
  if (newest !== undefined) return newest;
  const plain = objects && (await answerStale(parts, context, { ...asked, read: objects }));
  if (plain !== undefined) return plain;
  const older = isNewest ? undefined : kept && (await answerReplayed(parts, asked, kept));
  if (older !== undefined) return older;
  throw withDamage(parts, read ?? objects, error);
}

/** Whether the best scope that is there knows better than what was kept of a Table. */
async function isOutdatedIn(
  parts: ProxyParts,
  objects: ReadRequest,
  kept: ReplayAnswer,
): Promise<boolean> {
  for await (const live of lastKnown(parts, objects)) return isOutdated(kept, live, objects);
  return false;
}

/** A state that was known and cannot be trusted is not one that was never seen: the Status says so. */
function withDamage({ disk }: ProxyParts, read: ReadRequest | undefined, error: StatusError) {
  const damage = read && disk?.damageOf(read.scope);
  return damage === undefined ? error : serviceUnavailable(`${error.message}; ${damage}`, error);
}
