import { mayBeForwarded } from "./forwarded-watch.ts";
import type { History, Shown } from "./history.ts";
import { checkObject } from "./list-rules.ts";
import { leaps, type Position } from "./lost-history.ts";
import type { Arrived, ModelWatch } from "./model-watch.ts";

/** What is wrong with a watch's events. */
export interface Wrong {
  readonly rule: string;
  readonly what: string;
  /** How many events were right before. */
  readonly after: number;
}

/** A beginning, and how far the watch has to be from there. */
export interface Story {
  readonly history: History;
  readonly initial: readonly Shown[];
  /** The revision after which the watch is told of what happens. */
  readonly from: number;
  readonly extent: "a part" | "all of it";
  /** Where upstream is. */
  readonly now: number;
}

/**
 * What is wrong with the events as a telling of this story; undefined when nothing is. They follow the history event for
 * event, but where upstream had lost it: there the difference may be told instead (CONTRACT 14).
 */
export function explain(watch: ModelWatch, story: Story): Wrong | undefined {
  const live = story.history.after(story.from, watch.move.choice);
  const open: Iterator<Position | Wrong>[] = [];
  const seen = new Set<string>();
  let furthest: Wrong | undefined;
  let next: Position | Wrong | undefined = beginning(watch, story);
  while (next !== undefined) {
    const wrong: Wrong | undefined =
      "rule" in next
        ? next
        : walk(watch, story, live, next, (position) => {
            const name = `${position.at} ${position.told}`;
            if (!seen.has(name)) open.push(leaps(watch, story, position));
            seen.add(name);
          });
    if (wrong === undefined) return undefined;
    if (furthest === undefined || wrong.after > furthest.after) furthest = wrong;
    next = undefined;
    while (next === undefined && open.length > 0) {
      const { done, value } = open.at(-1)!.next();
      if (done === true) open.pop();
      else next = value;
    }
  }
  return furthest;
}

/** The events that tell the state, and the bookmark that ends it. */
function beginning(watch: ModelWatch, { initial, from, extent }: Story): Position | Wrong {
  const { events, hasInitialEvents, move } = watch;
  let at = 0;
  for (const should of initial) {
    const event = events[at];
    if (event === undefined || event.type === "ERROR")
      return extent === "a part" || event !== undefined
        ? { at, told: from }
        : missing(at, from, should);
    if (event.type === "BOOKMARK")
      return { rule: "CONTRACT 16", what: `a bookmark before ${say(should)}`, after: at };
    const wrong = differs(event, should, at, from);
    if (wrong !== undefined) return wrong;
    at++;
  }
  const lacksEnd = hasInitialEvents && move.wantsBookmarks && extent === "all of it";
  return lacksEnd && !events.some((each) => each.isInitialEnd)
    ? { rule: "CONTRACT 16", what: "the initial events have no end", after: at }
    : { at, told: from };
}

/** Goes along the history, event for event. */
function walk(
  watch: ModelWatch,
  { from, extent, history }: Story,
  live: readonly Shown[],
  start: Position,
  passed: (position: Position) => void,
): Wrong | undefined {
  const { events, named } = watch;
  let { at, told } = start;
  let next = live.findIndex(({ revision }) => revision > told);
  if (next < 0) next = live.length;
  for (;;) {
    passed({ at, told });
    const event = events[at];
    const should = live[next];
    if (event === undefined)
      return extent === "a part" || should === undefined ? undefined : missing(at, told, should);
    if (event.type === "ERROR") return undefined;
    if (event.type === "BOOKMARK") {
      const wrong = bookmarkWrong(watch, event, should, Math.max(from, told, named ?? 0));
      if (wrong !== undefined)
        return { rule: "CONTRACT 16", what: `BOOKMARK ${event.revision}: ${wrong}`, after: at };
      told = Math.max(told, event.revision);
    } else {
      const wrong = differs(event, should, at, told);
      if (wrong !== undefined && !mayBeForwarded(watch, history, at)) return wrong;
      told = event.revision;
      if (should?.revision === told) next++;
    }
    at++;
  }
}

function differs(
  event: Arrived,
  should: Shown | undefined,
  at: number,
  told: number,
): Wrong | undefined {
  const { seen } = event;
  const isRight =
    should !== undefined &&
    event.type === should.type &&
    event.revision === should.revision &&
    seen?.key === should.key;
  if (!isRight) {
    const what = `event ${at}, after ${told}, is ${say({ ...event, key: seen?.key ?? "" })}, the history has ${say(should)}`;
    return { rule: "CONTRACT 12", what, after: at };
  }
  try {
    checkObject(event.type, seen, should.object);
    return undefined;
  } catch (error) {
    return { rule: "CONTRACT 12", what: String(error), after: at };
  }
}

function missing(at: number, told: number, should: Shown): Wrong {
  const what = `after ${at} events, the last at ${told}, ${say(should)} is missing`;
  return { rule: "CONTRACT 12", what, after: at };
}

function say(each: { type: string; revision: number; key?: string } | undefined): string {
  return each === undefined ? "nothing" : `${each.type} ${each.key ?? ""}@${each.revision}`;
}

/** CONTRACT 16, and that a bookmark is true: all up to it has been sent. */
function bookmarkWrong(
  { move, named }: ModelWatch,
  event: Arrived,
  next: Shown | undefined,
  atLeast: number,
): string | undefined {
  if (!move.wantsBookmarks) return "nobody asked for one";
  if (event.revision < atLeast) return `below ${atLeast}`;
  // What brings a protobuf watch's head repeats the version asked for, and be it ahead.
  if (event.at < event.revision && event.revision !== named) return `upstream is at ${event.at}`;
  if (next !== undefined && next.revision <= event.revision)
    return `before ${next.type} ${next.key}@${next.revision}`;
  return undefined;
}
