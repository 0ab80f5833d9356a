import type { Item } from "../api/item.ts";
import { compareResourceVersion, type ResourceVersion } from "../api/resource-version.ts";
import { selectableFields } from "../api/selectable-fields.ts";
import type { Scope } from "../cache/watch-cache.ts";
import type { LiveScope } from "../cache/watch-caches.ts";

/** How far a scope was when a read of the latest state was asked for: what upstream answers to it cannot be older. */
export interface Reached {
  readonly live: LiveScope;
  readonly resourceVersion: ResourceVersion;
}

/** A forwarded list is looked into so often per type: what it costs is a scan of its bytes. */
const lookEveryMs = 10_000;

const looked = new Map<string, number>();

/** How far these scopes are now; those that hold nothing are left out. */
export function reached(scopes: Iterable<LiveScope>): readonly Reached[] {
  const all: Reached[] = [];
  for (const live of scopes) {
    const { resourceVersion } = live.cache;
    if (resourceVersion !== undefined) all.push({ live, resourceVersion });
  }
  return all;
}

/**
 * Begins the scopes anew that hold the same object at a later version than upstream shows: what was held when the read was
 * asked for is not of upstream's history (CONTRACT 17). Whether there is such a scope.
 */
export function tellOlder(
  before: readonly Reached[],
  shown: Pick<Item, "key" | "uid" | "resourceVersion">,
): boolean {
  const wrong = before.filter(({ live: { cache }, resourceVersion }) => {
    const held = cache.store?.get(shown.key);
    if (held === undefined || held.uid !== shown.uid) return false;
    // Held since before the question, in a history that has not been replaced since.
    const wasHeld = compareResourceVersion(held.resourceVersion, resourceVersion) <= 0;
    const isOlder = compareResourceVersion(shown.resourceVersion, held.resourceVersion) < 0;
    return wasHeld && isOlder && cache.has(resourceVersion);
  });
  for (const { live } of wrong) live.reflector.anotherHistory();
  return wrong.length > 0;
}

/** The same for a list's bytes, every now and then. What is no list of the scope's form says nothing. */
export function tellOlderIn(
  before: readonly Reached[],
  { codec, gvr }: Scope,
  read: () => Promise<Uint8Array>,
  nowMs: number,
): void {
  const type = `${gvr.group}/${gvr.resource}`;
  if (before.length === 0 || nowMs - (looked.get(type) ?? -Infinity) < lookEveryMs) return;
  looked.set(type, nowMs);
  const fields = selectableFields(gvr.group, gvr.resource);
  const look = async () => {
    for (const bytes of codec.listReader().push(await read()))
      if (tellOlder(before, codec.readItem(bytes, fields))) return;
  };
  void look().catch(() => undefined);
}
