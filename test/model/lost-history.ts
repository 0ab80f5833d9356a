import type { Story, Wrong } from "./explain.ts";
import type { Shown, Version } from "./history.ts";
import { checkObject } from "./list-rules.ts";
import type { Arrived, ModelWatch } from "./model-watch.ts";
import type { Reader } from "./moves.ts";
import { looksSame } from "./rules.ts";

/** So many events have come, and they have told all up to this revision. */
export interface Position {
  readonly at: number;
  readonly told: number;
}

/** What is to be told in place of lost history; deletions have versions that nobody can foresee. */
interface Difference {
  /** The last version told of each object that is gone, and what its end must lie below. */
  readonly gone: Map<string, { readonly last: Version; readonly below: number }>;
  readonly changed: Map<string, Shown>;
  /** Versions that are taken: no deletion may have them. */
  readonly taken: ReadonlySet<number>;
  /** The version of an object that is no longer selected, but there: its end may be told at that. */
  readonly left: ReadonlyMap<string, number>;
}

/**
 * Where a watch that stands here may go on after lost history: its scope was listed anew at a later revision, upstream had
 * forgotten by then what followed this one, and the next events are the difference of the two states, each once, with rising
 * versions between the two. (CONTRACT 14)
 */
export function* leaps(
  watch: ModelWatch,
  { history, extent, now }: Story,
  { at, told }: Position,
): Generator<Position | Wrong, undefined> {
  const { choice } = watch.move;
  const event = watch.events[at];
  if (event?.type === "ERROR") return;
  const limit = event?.at ?? now;
  const revisions = [...new Set(history.revisionsAfter(told))].filter((each) => each <= limit);
  for (const [index, revision] of revisions.entries()) {
    const before = Math.min(limit, (revisions[index + 1] ?? Number.POSITIVE_INFINITY) - 1);
    if (!history.isLost(told, before)) continue;
    const [held, listed] = [history.at(told, choice), history.at(revision, choice)];
    const rest = history.at(revision, anywhere);
    const outcome = tell(
      watch,
      at,
      told,
      before,
      difference(choice.reader, held, listed, rest, before),
    );
    if (typeof outcome !== "number") yield outcome;
    else if (outcome >= 0) yield { at: outcome, told: revision };
    // The rest of the difference has not come yet.
    else if (extent === "a part") yield { at: watch.events.length, told: revision };
  }
}

const anywhere = { namespace: "", label: undefined, field: undefined, reader: "model" } as const;

function difference(
  reader: Reader,
  held: readonly Version[],
  listed: readonly Version[],
  rest: readonly Version[],
  before: number,
): Difference {
  const now = new Map(listed.map((version) => [version.key, version]));
  const past = new Map(held.map((version) => [version.key, version]));
  const gone: Difference["gone"] = new Map();
  for (const last of held) {
    const successor = now.get(last.key);
    if (successor?.uid === last.uid) continue;
    gone.set(last.key, { last, below: successor?.revision ?? before });
  }
  const changed = new Map<string, Shown>();
  for (const version of listed) {
    const previous = past.get(version.key);
    if (previous?.revision === version.revision) continue;
    const isSame = previous?.uid === version.uid;
    if (isSame && looksSame(reader, previous.object, version.object)) continue;
    const type = isSame ? "MODIFIED" : "ADDED";
    changed.set(version.key, { type, ...version });
  }
  const left = rest.filter(({ key, uid }) => past.get(key)?.uid === uid && !now.has(key));
  return {
    gone,
    changed,
    taken: new Set(listed.map(({ revision }) => revision)),
    left: new Map(left.map(({ key, revision }) => [key, revision])),
  };
}

/** Which event comes after the difference; -1: it is not told to its end. */
function tell(
  { events }: ModelWatch,
  from: number,
  after: number,
  before: number,
  rest: Difference,
): number | Wrong {
  const { gone, changed } = rest;
  let last = after;
  let at = from;
  for (; gone.size + changed.size > 0; at++) {
    const event = events[at];
    if (event === undefined || event.type === "ERROR") return -1;
    const why = wrongIn(event, last, rest);
    if (why !== undefined) {
      const what = `event ${at}, of a difference between ${after} and ${before}: ${why}`;
      return { rule: "CONTRACT 14", what, after: at };
    }
    last = event.revision;
  }
  return at;
}

/** Takes the event off the difference; what is wrong with it otherwise. */
function wrongIn(event: Arrived, last: number, rest: Difference): string | undefined {
  const { type, revision, seen } = event;
  if (seen === undefined) return `${type} ${revision} within it`;
  const named = `${type} ${seen.key}@${revision}`;
  if (revision <= last) return `${named} is not after ${last}`;
  const should = type === "DELETED" ? departure(event, rest) : rest.changed.get(seen.key);
  if (should === undefined) return `${named} is no part of it`;
  if (type !== "DELETED" && rest.gone.has(seen.key)) return `${named} before its DELETED`;
  if (should.type !== type || should.revision !== revision)
    return `${named} should be ${should.type}@${should.revision}`;
  try {
    checkObject(type, seen, should.object);
  } catch (error) {
    return String(error);
  }
  (type === "DELETED" ? rest.gone : rest.changed).delete(seen.key);
  return undefined;
}

/** A DELETED has the last content told, at a version that is free. */
function departure({ revision, seen }: Arrived, rest: Difference): Shown | undefined {
  const found = rest.gone.get(seen?.key ?? "");
  if (found === undefined) return undefined;
  const { last, below } = found;
  const isFree = revision < below && !rest.taken.has(revision);
  if (!isFree && rest.left.get(last.key) !== revision) return undefined;
  const metadata = { ...last.object.metadata, resourceVersion: String(revision) };
  return { ...last, type: "DELETED", revision, object: { ...last.object, metadata } };
}
