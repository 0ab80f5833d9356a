import { chooses } from "./choice.ts";
import type { History } from "./history.ts";
import type { ModelWatch } from "./model-watch.ts";
import { identityOf, isHiddenByName, isHiddenFrom, shownTo } from "./rules.ts";

/**
 * Whether rules may leave upstream's own event so. A watch that passes through does not know what its client was shown before
 * it: the first it tells of an object may be no change to the eye, or the end of what was never shown. What becomes hidden ends
 * with no more than its identity.
 */
export function mayBeForwarded(watch: ModelWatch, history: History, at: number): boolean {
  const { choice } = watch.move;
  const event = watch.events[at];
  if (choice.reader !== "ruled" || event?.seen === undefined || !event.isForwarded) return false;
  const change = history.changeAt(event.revision);
  if (change?.current === undefined || change.previous === undefined) return false;
  const [current, previous] = [change.current.object, change.previous.object];
  const whole = { ...choice, reader: "model" } as const;
  // What upstream itself tells as a coming or a going is told so.
  if (!chooses(whole, current) || !chooses(whole, previous)) return false;
  const isFirst = isFirstTold(watch, at);
  const isHidden = isHiddenFrom("ruled", current);
  if (isHidden && isHiddenByName(current.metadata.name)) return false;
  const isEnd = isHidden && (isFirst || !isHiddenFrom("ruled", previous));
  const type = isHidden ? "DELETED" : "MODIFIED";
  if (event.type !== type || event.seen.key !== change.current.key) return false;
  if (isHidden ? !isEnd : !isFirst) return false;
  const { object } = event.seen;
  if (object === undefined) return true;
  return Bun.deepEquals(object, isHidden ? identityOf(current) : shownTo("ruled", current));
}

/** Whether the watch goes on from what others have told, and has told nothing of the object itself. */
function isFirstTold({ events, hasInitialEvents }: ModelWatch, at: number): boolean {
  const { connection, seen } = events[at]!;
  if (connection === 0 && hasInitialEvents) return false;
  return !events
    .slice(0, at)
    .some((each) => each.connection === connection && each.seen?.key === seen?.key);
}
