import { serviceUnavailable, type StatusError } from "../api/status.ts";
import type { Identity } from "../upstream/apiserver.ts";
import type { ProxyParts } from "./parts.ts";
import type { ReadRequest } from "./read-request.ts";
import type { Reading } from "./reading.ts";
import { answerReplayed, type Replayed } from "./replay.ts";
import { answerStale, isUnreachable } from "./stale.ts";
import type { WatchContext } from "./watch-stream.ts";

/** A request that upstream did not answer. */
export interface Unanswered extends Omit<Reading, "read">, Replayed {
  readonly identity: Identity;
  /** The same read as plain JSON objects, where the client takes those too: in place of a Table that was never seen. */
  readonly asObjects: () => ReadRequest | undefined;
}

/**
 * What is known in place of upstream's answer: the last state of a scope, else the last answer to the same request, else
 * plain objects in place of a Table (DESIGN 1, sources 3 and 4). Rejects with the error where nothing is.
 */
export async function answerLastKnown(
  parts: ProxyParts,
  context: WatchContext,
  asked: Unanswered,
  error: unknown,
): Promise<Response> {
  const { request, identity, read } = asked;
  if (!isUnreachable(error) || request.method !== "GET" || identity !== "own") throw error;
  const stale = read && (await answerStale(parts, context, { ...asked, read }));
  if (stale !== undefined) return stale;
  const replayed = await answerReplayed(parts, asked);
  if (replayed !== undefined) return replayed;
  const objects = read === undefined ? asked.asObjects() : undefined;
  const plain = objects && (await answerStale(parts, context, { ...asked, read: objects }));
  if (plain === undefined) throw withDamage(parts, read ?? objects, error);
  return plain;
}

/** A state that was known and cannot be trusted is not one that was never seen: the Status says so. */
function withDamage({ disk }: ProxyParts, read: ReadRequest | undefined, error: StatusError) {
  const damage = read && disk?.damageOf(read.scope);
  return damage === undefined ? error : serviceUnavailable(`${error.message}; ${damage}`, error);
}
