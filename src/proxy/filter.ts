import type { Item } from "../api/item.ts";
import { type Selection, selects } from "../api/selection.ts";
import type { ChangeEvent } from "../api/watch-event.ts";
import type { Shown } from "../cache/frames.ts";

/**
 * As what a change is shown to who sees a selection only; undefined when it concerns nothing that is, or was, shown
 * (apiserver, cacher/cache_watcher.go convertToWatchEvent).
 */
export function shownAs(event: ChangeEvent, selection: Selection | undefined): Shown | undefined {
  if (selection === undefined) return event.type;
  const isShown = event.type !== "DELETED" && selects(selection, event.item);
  const wasShown = event.previous !== undefined && selects(selection, event.previous);
  if (isShown) return wasShown ? "MODIFIED" : "ADDED";
  if (!wasShown) return undefined;
  return event.type === "DELETED" && isSameObject(event.item, event.previous) ? "DELETED" : "LEFT";
}

/** A deletion's own bytes are what was shown last, with the deletion's resourceVersion. */
function isSameObject(item: Item, previous: Item | undefined): boolean {
  return item.uid === previous?.uid;
}
