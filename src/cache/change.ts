import type { Item } from "../api/item.ts";
import type { ChangeEvent } from "../api/watch-event.ts";
import type { Store } from "./store.ts";

/** A change as upstream tells it. */
export interface Change {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly item: Item;
}

/** Makes the change in the store, and tells what it was to it. A repeat of what it holds, or the end of what it does not, is none. */
export function applyTo(store: Store, { type, item }: Change): readonly ChangeEvent[] {
  if (type === "DELETED") {
    const previous = store.delete(item.key);
    return previous === undefined ? [] : [{ type, item, previous }];
  }
  const previous = store.set(item);
  return previous === undefined
    ? [{ type: "ADDED", item, previous }]
    : [{ type: "MODIFIED", item, previous }];
}

/** A change from before the state: what the object was is not known, and only watchers of the whole scope are told. */
export function asReplay({ type, item }: Change): ChangeEvent {
  return type === "ADDED" ? { type, item, previous: undefined } : { type, item, previous: item };
}

/** The state before these changes. */
export function undo(state: Store, changes: readonly ChangeEvent[]): Store {
  if (changes.length === 0) return state;
  const store = state.clone();
  for (const event of changes.toReversed()) {
    if (event.previous === undefined) store.delete(event.item.key);
    else store.set(event.previous);
  }
  return store;
}
