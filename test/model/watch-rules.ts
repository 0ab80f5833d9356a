import { explain, type Wrong } from "./explain.ts";
import type { Shown } from "./history.ts";
import { isLastKnown } from "./mark-rules.ts";
import type { ModelWatch } from "./model-watch.ts";
import { type Session, Violation } from "./session.ts";

/** Whether all that happened until now has come; what has ended has nothing more to come. */
export function isComplete(session: Session, watch: ModelWatch): boolean {
  if (watch.ended !== "open" || watch.move.isSlow) return true;
  // In protobuf a quiet watch has no head yet.
  if (watch.status === undefined && watch.move.format === "json") return false;
  return fits(session, watch, "all of it") === undefined;
}

/** Holds a watch against the history. Throws what is wrong. */
export function checkWatch(
  session: Session,
  watch: ModelWatch,
  extent: "a part" | "all of it",
): void {
  const { status, name, move } = watch;
  if (status === undefined) {
    if (extent === "all of it" && !isComplete(session, watch))
      throw new Violation("CONTRACT 13", `${name} has no head`);
    if (watch.ended === "broken" && !session.isExcused(watch.since))
      throw new Violation("no reason to fail", `${name} had no answer`);
    return;
  }
  if (status !== 200) {
    const isGone = status === 410 && isForgetful(session);
    // An apiserver without WatchList refuses the parameter.
    const isUnknown = status === 422 && move.form !== "legacy" && !session.world.hasWatchList;
    const isOut = watch.source === "reject" && session.wasOut(watch.since);
    if (isGone || isUnknown || isOut || session.isExcused(watch.since)) return;
    throw new Violation("no reason to fail", `${name} was answered ${status}`);
  }
  checkEnd(session, watch);
  const wrong = fits(session, watch, watch.ended === "open" ? extent : "a part");
  if (wrong !== undefined)
    throw new Violation(wrong.rule, `${name}: ${wrong.what}; it was sent ${summaryOf(watch)}`);
}

function isForgetful({ compactions, world }: Session): boolean {
  return compactions > 0 || world.hasShortWindow;
}

function summaryOf({ events, named, headRevision }: ModelWatch): string {
  const shown = events
    .slice(-30)
    .map(({ type, seen, revision }) => `${type} ${seen?.key ?? ""}@${revision}`);
  return `[${shown.join(", ")}], from ${named ?? "the start"}, its head at ${headRevision}`;
}

function checkEnd(session: Session, watch: ModelWatch): void {
  const { events, ended, name, move } = watch;
  const error = events.findIndex(({ type }) => type === "ERROR");
  if (error >= 0) {
    const { code } = events[error]!;
    if (error !== events.length - 1)
      throw new Violation("CONTRACT 12", `${name}: an event after ERROR`);
    if (ended === "open") return;
    if (ended === "broken") throw new Violation("CONTRACT 12", `${name}: no clean end after ERROR`);
    const isGone = code === 410 && isForgetful(session);
    const isHeld = watch.wasHeld && !isForgetful(session) && !session.world.isTight;
    // What was held before a kill is held after it.
    if (code === 410 && isHeld)
      throw new Violation(
        "issue 10 B",
        `${name}: the cache told it up to ${watch.resumedFrom}; asked for again, 410`,
      );
    if (isGone || session.wasOut(watch.since)) return;
    throw new Violation("no reason to fail", `${name}: ERROR ${code}`);
  }
  if (ended === "open" || ended === "closed") return;
  const isOver =
    watch.endedAfterMs >= (move.timeoutSeconds ?? Number.POSITIVE_INFINITY) * 1000 - 300;
  // After a burst a backlog may be more than the buffer.
  const isSlow = move.isSlow || session.bursts > 0 || session.world.isTight;
  if (ended === "clean" && (isOver || isSlow)) return;
  // A forwarded watch ends as upstream's does.
  if (watch.mayBeForwarded && session.isExcused(watch.since)) return;
  const rule = ended === "broken" ? "CONTRACT 12" : "DESIGN 2";
  throw new Violation(
    rule,
    `${name}: ${ended} end after ${watch.endedAfterMs} ms and ${events.length} events`,
  );
}

/** What is wrong with the events; undefined when there is a beginning from which they are right. */
function fits(
  session: Session,
  watch: ModelWatch,
  extent: "a part" | "all of it",
): Wrong | undefined {
  const { named, events, hasInitialEvents, move } = watch;
  const history = session.world.histories[move.resource];
  const now = session.world.revision();
  if (!hasInitialEvents && named !== undefined)
    return explain(watch, { history, initial: [], from: named, extent, now });
  const end = events.find(({ isInitialEnd }) => isInitialEnd);
  const beginnings =
    end === undefined ? [0, ...history.revisionsAfter(0)].toReversed() : [end.revision];
  // The beginning that explains most tells what is wrong.
  let first: Wrong | undefined;
  for (const from of beginnings) {
    const until = history.revisionsAfter(from)[0] ?? Number.POSITIVE_INFINITY;
    const initial = hasInitialEvents
      ? history.at(from, move.choice).map((version): Shown => ({ type: "ADDED", ...version }))
      : [];
    const isTooLate = !hasInitialEvents && from > watch.headRevision;
    const wrong = isTooLate
      ? { rule: "KUBERNETES 5", what: "it begins after its head", after: 0 }
      : (explain(watch, { history, initial, from, extent, now }) ??
        tooOld(session, watch, from, until));
    if (wrong === undefined) return undefined;
    if (first === undefined || wrong.after > first.after) first = wrong;
  }
  return first;
}

/** What begins without a version begins with all that is owed (CONTRACT 2), with one not before it. */
function tooOld(
  session: Session,
  watch: ModelWatch,
  from: number,
  until: number,
): Wrong | undefined {
  const { move, named, begun, events } = watch;
  if (named !== undefined && until <= named)
    return {
      rule: "KUBERNETES 5",
      what: `it begins at ${from}, before ${named}`,
      after: events.length,
    };
  if (named !== undefined || move.version.is === "zero" || isLastKnown(watch.source))
    return undefined;
  try {
    session.checkFloors(move.resource, move.choice, from, begun, "it");
    return undefined;
  } catch (error) {
    return { rule: "CONTRACT 2", what: String(error), after: events.length };
  }
}
