import type { Item } from "../api/item.ts";
import { isSameSelection, type Selection, selects } from "../api/selection.ts";
import type { ChangeEvent } from "../api/watch-event.ts";
import type { Frames, Shown } from "../cache/frames.ts";
import type { LiveScope } from "../cache/watch-caches.ts";
import type { View } from "../rules/view.ts";
import type { ReadRequest } from "./read-request.ts";

/** What of a scope somebody sees: what a narrower selection selects and rules do not hide, and of that what they leave. */
export interface Sight {
  /** undefined: all of the scope. */
  readonly selection: Selection | undefined;
  /** undefined: no rule is for it. */
  readonly view: View | undefined;
}

/** What this read sees of the scope; undefined for all of it. */
export function sightOf({ cache }: LiveScope, { scope, view }: ReadRequest): Sight | undefined {
  const selection = isSameSelection(scope, cache.scope) ? undefined : scope;
  return selection === undefined && view === undefined ? undefined : { selection, view };
}

/** Whether the object is seen, however much of it. */
export function sees({ selection, view }: Sight, item: Item): boolean {
  return (selection === undefined || selects(selection, item)) && view?.hiderOf(item) === undefined;
}

/**
 * As what a change is shown to who sees a part of the scope only; undefined when it concerns nothing that is, or was, shown
 * (apiserver, cacher/cache_watcher.go convertToWatchEvent).
 */
export function shownAs(event: ChangeEvent, sight: Sight | undefined): Shown | undefined {
  if (sight === undefined) return event.type;
  const isShown = event.type !== "DELETED" && sees(sight, event.item);
  const wasShown = event.previous !== undefined && sees(sight, event.previous);
  if (isShown) return wasShown ? "MODIFIED" : "ADDED";
  if (!wasShown) return undefined;
  return event.type === "DELETED" && isSameObject(event.item, event.previous) ? "DELETED" : "LEFT";
}

/** What is sent of a change to who sees this much; undefined when nothing that is seen has changed. */
export function frameFor(frames: Frames, sight: Sight | undefined): Uint8Array | undefined {
  const view = sight?.view;
  const find = () => shownAs(frames.event, sight);
  // All watchers of the whole scope that have the same rules see alike.
  const isAlike = view !== undefined && sight?.selection === undefined;
  const shown = isAlike ? frames.shownTo(view, find) : find();
  if (shown === undefined) return undefined;
  return view === undefined || view.trimming.length === 0
    ? frames.as(shown)
    : frames.asSeen(shown, view);
}

/** A deletion's own bytes are what was shown last, with the deletion's resourceVersion. */
function isSameObject(item: Item, previous: Item | undefined): boolean {
  return item.uid === previous?.uid;
}
