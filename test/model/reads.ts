import type { Endpoint } from "../../src/testing/contract-client.ts";
import { pathOf, selectorQuery } from "./choice.ts";
import { type Asked, checkGone, checkList, checkObject, type Page } from "./list-rules.ts";
import { checkMark, isLastKnown, type Marked } from "./mark-rules.ts";
import type { Format, GetMove, ListMove, Reader } from "./moves.ts";
import { userAgentOf } from "./rules.ts";
import { type Moment, type Session, Violation } from "./session.ts";
import { mediaType, readListBody, readObjectBody, type SeenList } from "./wire.ts";

interface Answered extends Marked {
  readonly status: number;
  readonly body: Uint8Array;
}

/** A whole answer, or none. */
type Outcome = Answered | { readonly status: undefined; readonly why: string };

/** A read that takes longer is not answered. */
const patienceMs = 10_000;

/** How it is asked for. */
interface Asking {
  readonly reader: Reader;
  readonly format: Format;
  readonly isExactRead: boolean;
}

async function ask(
  { url }: Endpoint,
  path: string,
  { reader, format, isExactRead }: Asking,
): Promise<Outcome> {
  try {
    const response = await fetch(url + path, {
      headers: {
        Accept: mediaType[format],
        "User-Agent": userAgentOf(reader),
        ...(isExactRead ? { "Cache-Control": "no-cache" } : {}),
      },
      signal: AbortSignal.timeout(patienceMs),
    });
    const source = response.headers.get("x-edge-proxy") ?? "none";
    const age = response.headers.get("age");
    return { status: response.status, source, age, body: await response.bytes() };
  } catch (error) {
    return { status: undefined, why: String(error) };
  }
}

/** Throws unless errors are excused. */
function refuse(
  session: Session,
  begun: Moment,
  what: string,
  outcome: Outcome,
  isHeld = false,
): void {
  session.count("read: error");
  if (isHeld && outcome.status !== undefined && outcome.source === "reject")
    throw new Violation("DESIGN 1", `${what} was answered ${outcome.status}, but is held`);
  const isTimeout = outcome.status === undefined && outcome.why.includes("TimeoutError");
  if (session.isExcused(begun) && !isTimeout) return;
  if (outcome.status !== undefined && outcome.source === "reject" && session.wasOut(begun)) return;
  const text = outcome.status === undefined ? outcome.why : Buffer.from(outcome.body).toString();
  throw new Violation(
    "no reason to fail",
    `${what} was answered ${outcome.status}: ${text.slice(0, 300)}`,
  );
}

function versionQuery(
  session: Session,
  move: ListMove | GetMove,
): { query: string[]; named: number } {
  if (move.version.is === "zero") return { query: ["resourceVersion=0"], named: 0 };
  const named = move.version.is === "seen" ? session.seenBack(move.resource, move.version.back) : 0;
  return { query: named === 0 ? [] : [`resourceVersion=${named}`], named };
}

/** A LIST with all its pages, each held against the history. */
export async function runList(session: Session, move: ListMove): Promise<void> {
  const { resource, choice, format, limit } = move;
  const { query, named } = versionQuery(session, move);
  const match = named > 0 && move.match !== "unset" ? [`resourceVersionMatch=${move.match}`] : [];
  const fixed = [...selectorQuery(choice), ...(limit > 0 ? [`limit=${limit}`] : [])];
  // Of one key kube-apiserver 1.37 reads a version with a limit as "not older" (measured).
  const isOneName = choice.field?.path === "metadata.name" && choice.field.operator === "=";
  const isOneKey = isOneName && choice.namespace !== "";
  const isLegacyExact = move.match === "unset" && limit > 0 && !isOneKey;
  const isExact = named > 0 && (move.match === "Exact" || isLegacyExact);
  let page: Page = { first: true, after: "", at: isExact ? named : undefined };
  let parts = [...fixed, ...query, ...match];
  for (let count = 0; count < 30; count++) {
    const begun = session.now();
    const question = `${resource} ${format} ${JSON.stringify(choice)}`;
    const before = session.reached(question);
    const target = `${pathOf(resource, choice.namespace)}?${parts.join("&")}`;
    const outcome = await ask(session.world.proxy, target, {
      ...move,
      reader: choice.reader,
    });
    const what = `LIST ${target} (${format}, by ${choice.reader}, from ${outcome.status === undefined ? "nowhere" : outcome.source})`;
    if (outcome.status === 410) {
      const isPastHeld = session.holdsPast(question, page.at ?? 0);
      if (isPastHeld)
        session.checkNow(() => {
          throw new Violation("issue 10 B", `${what}: 410, but the cache had shown it before`);
        });
      // While upstream is out the proxy has only what it holds.
      if (!session.wasOut(begun) || outcome.source !== "reject")
        session.check(() => checkGone(session, what, page.at));
      return;
    }
    if (outcome.status !== 200) {
      const isHeld = page.first && named === 0 && session.isHeld(question);
      return session.check(() => refuse(session, begun, what, outcome, isHeld));
    }
    session.count(`list: ${outcome.source}`);
    session.count(`list by ${choice.reader}: ${outcome.source}`);
    const isAny = move.version.is === "zero";
    const anyOrNow = isAny ? "any state, or one of its own" : "a state of now";
    const needs = page.at === undefined ? anyOrNow : "a past state";
    session.checkNow(() => checkMark(session, begun, what, outcome, needs));
    const list = readList(session, what, format, outcome.body);
    if (list === undefined) return;
    session.note(resource, list.revision);
    const ended = session.now();
    const asked: Asked = {
      move,
      named,
      isExact,
      question,
      before,
      flushed: session.flushed(question),
      source: outcome.source,
      begun,
      ended,
      what,
    };
    const current = page;
    session.check(() => checkList(session, asked, current, list));
    if (page.first && outcome.source === "cache" && !isExact && !(named > 0)) {
      session.reach(question, list.revision);
      session.cached(question, list.revision);
    }
    const isOwn = outcome.source === "cache" || isLastKnown(outcome.source);
    if (page.at !== undefined && isOwn) session.shownPast(question, list.revision);
    if (list.continue === "") return;
    page = { first: false, after: list.items.at(-1)?.key ?? page.after, at: list.revision };
    parts = [...fixed, `continue=${encodeURIComponent(list.continue)}`];
  }
}

function readList(
  session: Session,
  what: string,
  format: Format,
  body: Uint8Array,
): SeenList | undefined {
  try {
    return readListBody(format, body);
  } catch (error) {
    session.violations.push(
      new Violation("a list is never short", `${what} cannot be read: ${String(error)}`),
    );
    return undefined;
  }
}

/** A GET, held against the versions that the object has had. */
export async function runGet(session: Session, move: GetMove): Promise<void> {
  const { resource, namespace, name, format, reader } = move;
  const { query, named } = versionQuery(session, move);
  const target = `${pathOf(resource, namespace, name)}?${query.join("&")}`;
  const key = `${namespace}/${name}`;
  const question = `get ${resource} ${format} ${key} ${reader}`;
  const before = session.reached(question);
  const begun = session.now();
  const outcome = await ask(session.world.proxy, target, move);
  const what = `GET ${target} (${format}, by ${reader}, from ${outcome.status === undefined ? "nowhere" : outcome.source})`;
  if (outcome.status !== 200 && outcome.status !== 404)
    return session.check(() => refuse(session, begun, what, outcome));
  session.count(`get: ${outcome.source}`);
  session.count(`get by ${reader}: ${outcome.status} ${outcome.source}`);
  const needs = move.version.is === "zero" ? "any state, or one of its own" : "a state of now";
  session.checkNow(() => checkMark(session, begun, what, outcome, needs));
  const seen = outcome.status === 200 ? readObjectBody(format, outcome.body) : undefined;
  const isUnset = move.version.is === "unset" || (move.version.is === "seen" && named === 0);
  if (seen !== undefined) {
    if (outcome.source === "cache" && isUnset) session.reach(question, seen.revision);
    if (outcome.source === "upstream") {
      const because = `${key}@${seen.revision}, seen by ${what}`;
      session.owe({ resource, namespace, key, revision: () => seen.revision, because });
    }
  }
  session.check(() => {
    const history = session.world.histories[resource];
    const spans = history
      .spans(key, reader)
      .filter((span) =>
        seen === undefined ? span.version === undefined : span.version?.revision === seen.revision,
      );
    const isLinear =
      isUnset &&
      (outcome.source === "upstream" || (move.isExactRead && outcome.source === "cache"));
    const owed =
      isUnset && !isLastKnown(outcome.source) ? session.floorOf(resource, key, begun) : 0;
    const since = Math.max(named, isLinear ? begun.revision : 0, owed);
    const shown = seen === undefined ? "absent" : `@${seen.revision}`;
    if (spans.length === 0)
      throw new Violation("CONTRACT 1", `${what} shows ${shown}, which never was`);
    if (!spans.some(({ until }) => until > since))
      throw new Violation("CONTRACT 2", `${what} shows ${shown}, which was over at ${since}`);
    if (seen === undefined) return;
    checkObject(what, seen, spans[0]!.version?.object);
    if (outcome.source === "cache" && isUnset && seen.revision < before)
      throw new Violation("CONTRACT 4", `${what} shows ${shown}, after @${before}`);
  });
}
