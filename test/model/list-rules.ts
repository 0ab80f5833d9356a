import type { Loose } from "../../src/testing/contract-client.ts";
import { selectorQuery } from "./choice.ts";
import type { Version as ObjectVersion } from "./history.ts";
import { isLastKnown } from "./mark-rules.ts";
import type { ListMove } from "./moves.ts";
import { type Moment, type Session, Violation } from "./session.ts";
import type { SeenList, SeenObject } from "./wire.ts";

export interface Page {
  readonly first: boolean;
  /** The last key of the page before. */
  readonly after: string;
  /** The version that it has to be of, when that is certain. */
  readonly at: number | undefined;
}

export interface Asked {
  readonly move: ListMove;
  readonly named: number;
  readonly isExact: boolean;
  readonly question: string;
  readonly before: number;
  readonly flushed: number;
  readonly source: string;
  readonly begun: Moment;
  readonly ended: Moment;
  readonly what: string;
}

export function checkGone(session: Session, what: string, at: number | undefined): void {
  if (at === undefined || session.compactions === 0)
    throw new Violation("no reason to fail", `${what} is gone, but nothing was compacted`);
}

export function checkList(session: Session, asked: Asked, page: Page, list: SeenList): void {
  const { move, what } = asked;
  const { revision } = list;
  if (page.at !== undefined && revision !== page.at)
    throw new Violation("KUBERNETES 2", `${what} is of ${revision}, not of ${page.at}`);
  if (page.first) checkAge(session, asked, revision);
  const state = session.world.histories[move.resource].at(revision, move.choice);
  const rest = state.filter(({ key }) => page.first || isAfter(key, page.after));
  const expected = rest.slice(0, list.items.length);
  checkItems(what, expected, list.items);
  const left = rest.length - list.items.length;
  if (list.continue === "" && left > 0)
    throw new Violation(
      "a list is never short",
      `${what} at ${revision} lacks ${rest.length - expected.length} of ${rest.length} items`,
    );
  checkPage(session, asked, page, list, left);
}

/** How long the page is, whether it goes on, and what it says of how many follow. */
function checkPage(
  session: Session,
  { move, source, what }: Asked,
  page: Page,
  list: SeenList,
  left: number,
): void {
  const limit = move.version.is === "zero" && page.first ? 0 : move.limit;
  const goesOn = list.continue !== "";
  // A page of upstream's has had what is hidden taken out, and does not count what follows.
  const isSifted = move.choice.reader === "ruled" && source !== "cache" && source !== "stale";
  if (limit === 0 && goesOn) throw new Violation("KUBERNETES 2", `${what} is cut into pages`);
  const isShort = goesOn && list.items.length < limit && !isSifted;
  if (limit > 0 && (list.items.length > limit || isShort))
    throw new Violation(
      "KUBERNETES 2",
      `${what} has ${list.items.length} items of a page of ${limit}`,
    );
  const isWhole = selectorQuery(move.choice).length === 0 && !isSifted;
  const last = list.items.at(-1)?.key ?? (isSifted ? page.after : undefined);
  const hasMore = isWhole ? left > 0 : last !== undefined && hasKeys(session, move, list, last);
  if (goesOn && !hasMore)
    throw new Violation("KUBERNETES 7", `${what} at ${list.revision} goes on, but no key is left`);
  const isCounted = goesOn && isWhole;
  if (list.remaining !== (isCounted ? left : undefined))
    throw new Violation("KUBERNETES 7", `${what} leaves ${list.remaining}, the history ${left}`);
}

/** Whether a key is left behind the page, selected, hidden or not: a full page goes on only then (measured on kube-apiserver 1.37). */
function hasKeys(
  session: Session,
  { resource, choice }: ListMove,
  { revision }: SeenList,
  after: string,
): boolean {
  const { namespace } = choice;
  const range = { namespace, label: undefined, field: undefined, reader: "model" } as const;
  const keys = session.world.histories[resource].at(revision, range).map(({ key }) => key);
  return keys.some((key) => isAfter(key, after));
}

/** Whether the version is one that may be shown to who asks in this way. */
function checkAge(session: Session, asked: Asked, revision: number): void {
  const { move, named, isExact, begun, ended, what, source } = asked;
  const isFake = session.world.target === "fake";
  if (isFake && revision > ended.revision)
    throw new Violation("CONTRACT 1", `${what} says ${revision}, upstream is at ${ended.revision}`);
  if (isExact) return;
  if (revision < named)
    throw new Violation("KUBERNETES 2", `${what} is of ${revision}, older than ${named}`);
  if (isLastKnown(source)) return checkKept(asked, revision);
  const isUnset = move.version.is === "unset" || (move.version.is === "seen" && named === 0);
  // What is not marked was confirmed after the start.
  if (source === "cache" && named === 0 && revision < begun.startedAt)
    throw new Violation(
      "CONTRACT 6",
      `${what} is of ${revision}, the proxy was started at ${begun.startedAt}`,
    );
  if (isUnset) {
    session.checkFloors(move.resource, move.choice, revision, begun, what);
    const isLinear = source === "upstream" || move.isExactRead;
    if (isLinear && revision < begun.revision)
      throw new Violation(
        "CONTRACT 8",
        `${what} is of ${revision}, asked for at ${begun.revision}`,
      );
  }
  // Two scopes that cover the same are as far as their own watches: then nothing that is shown may go back.
  const isBack = source === "cache" && named === 0 && revision < asked.before;
  if (isBack && !isSameState(session, move, revision, asked.before))
    throw new Violation("CONTRACT 4", `${what} is of ${revision}, after one of ${asked.before}`);
}

/** A kill loses nothing older than the flush interval. */
function checkKept({ flushed, what }: Asked, revision: number): void {
  if (revision < flushed)
    throw new Violation("issue 10 B", `${what} is of ${revision}, ${flushed} was on disk`);
}

function isSameState(
  session: Session,
  { resource, choice }: ListMove,
  revision: number,
  other: number,
): boolean {
  const history = session.world.histories[resource];
  const state = (at: number) => history.at(at, choice).map((each) => each.key + each.revision);
  return Bun.deepEquals(state(revision), state(other));
}

function isAfter(key: string, other: string): boolean {
  return Buffer.compare(Buffer.from(key), Buffer.from(other)) > 0;
}

function checkItems(
  what: string,
  expected: readonly ObjectVersion[],
  items: readonly SeenObject[],
): void {
  for (let at = 0; at < Math.max(expected.length, items.length); at++) {
    const [is, should] = [items[at], expected[at]];
    if (
      is === undefined ||
      should === undefined ||
      is.key !== should.key ||
      is.revision !== should.revision ||
      is.uid !== should.uid
    )
      throw new Violation(
        "CONTRACT 1",
        `${what} shows ${show(is)} in place ${at}, the history ${show(should)}`,
      );
    checkObject(what, is, should.object);
  }
}

function show(each: { key: string; revision: number } | undefined): string {
  return each === undefined ? "nothing" : `${each.key}@${each.revision}`;
}

/** Compares what was sent with what upstream has, `kind` and `apiVersion` apart. */
export function checkObject(what: string, { key, object }: SeenObject, expected: Loose): void {
  if (object === undefined) return;
  const { kind: _kind, apiVersion: _version, ...is } = object;
  const { kind: _wantedKind, apiVersion: _wantedVersion, ...should } = expected;
  if (!Bun.deepEquals(is, should))
    throw new Violation("CONTRACT 1", `${what}: ${key} has ${difference(is, should)}`);
}

/** The fields that are not the same. */
function difference(is: Loose, should: Loose, path = ""): string {
  if (typeof is !== "object" || typeof should !== "object" || is === null || should === null)
    return `${path} ${JSON.stringify(is)}, the history ${JSON.stringify(should)}`;
  return [...new Set([...Object.keys(is), ...Object.keys(should)])]
    .filter((field) => !Bun.deepEquals(is[field], should[field]))
    .map((field) => difference(is[field], should[field], `${path}.${field}`))
    .join("; ");
}
