import type { Item } from "../api/item.ts";
import { parseResourceVersion, type ResourceVersion } from "../api/resource-version.ts";
import type { ChangeEvent } from "../api/watch-event.ts";
import type { Store } from "./store.ts";

/** A whole state at a resourceVersion. */
export interface WholeState {
  readonly store: Store;
  readonly resourceVersion: ResourceVersion;
}

/** What leads from one state to another; or why nothing does that a watcher could be told. */
export type Difference =
  | { readonly is: "bridged"; readonly events: readonly ChangeEvent[] }
  | { readonly is: "not bridged" | "another history"; readonly why: string };

/** An object that is there no more, and the version that its end must lie below. */
interface Gone {
  readonly item: Item;
  readonly below: bigint;
}

/**
 * The events that lead from the state held to the one listed after lost history, rising: each change at its own version, each
 * deletion at the lowest version between the two that no listed object has, and before what took the same name. Not
 * bridged: the versions between do not suffice. Another history: the list is older than what is held, or a listed object that
 * is new to us has a version that we were past. `remake` gives an item another resourceVersion. Pure. (CONTRACT 14)
 */
export function difference(
  held: WholeState,
  listed: WholeState,
  remake: (item: Item, version: ResourceVersion) => Item,
): Difference {
  const from = BigInt(held.resourceVersion);
  const to = BigInt(listed.resourceVersion);
  if (to < from) return anotherHistory("the list is older than what is held");
  const changed = changesIn(held.store, listed.store);
  const stranger = changed.find(({ item }) => !isBetween(item, from, to));
  if (stranger !== undefined)
    return anotherHistory(`${stranger.item.key} has the version of another history`);
  const gone = goneIn(held.store, listed.store, to);
  const taken = new Set<string>(changed.map(({ item }) => item.resourceVersion));
  const deleted: ChangeEvent[] = [];
  let version = from;
  for (const { item, below } of gone) {
    do version++;
    while (taken.has(String(version)));
    if (version >= below) return notBridged("there is no version left for a deletion");
    const at = parseResourceVersion(String(version));
    deleted.push({ type: "DELETED", item: remake(item, at), previous: item });
  }
  return { is: "bridged", events: [...deleted, ...changed].toSorted(byVersion) };
}

function anotherHistory(why: string): Difference {
  return { is: "another history", why };
}

function notBridged(why: string): Difference {
  return { is: "not bridged", why };
}

/** What is listed otherwise than it is held. */
function changesIn(held: Store, listed: Store): readonly ChangeEvent[] {
  const changes: ChangeEvent[] = [];
  for (const item of listed.items()) {
    const previous = held.get(item.key);
    if (previous?.uid !== item.uid) changes.push({ type: "ADDED", item, previous: undefined });
    else if (previous.resourceVersion !== item.resourceVersion)
      changes.push({ type: "MODIFIED", item, previous });
  }
  return changes;
}

/** What is held and not listed, that whose end must come first first. */
function goneIn(held: Store, listed: Store, to: bigint): readonly Gone[] {
  const gone: Gone[] = [];
  for (const item of held.items()) {
    const successor = listed.get(item.key);
    if (successor === undefined) gone.push({ item, below: to });
    else if (successor.uid !== item.uid)
      gone.push({ item, below: BigInt(successor.resourceVersion) });
  }
  return gone.toSorted((a, b) => (a.below < b.below ? -1 : a.below > b.below ? 1 : 0));
}

function isBetween({ resourceVersion }: Item, from: bigint, to: bigint): boolean {
  const version = BigInt(resourceVersion);
  return version > from && version <= to;
}

function byVersion(a: ChangeEvent, b: ChangeEvent): number {
  const [x, y] = [BigInt(a.item.resourceVersion), BigInt(b.item.resourceVersion)];
  return x < y ? -1 : x > y ? 1 : 0;
}
