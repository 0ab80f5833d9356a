import { compareResourceVersion, parseResourceVersion } from "./api/resource-version.ts";
import type { StoredUse } from "./cache/snapshot.ts";
import type { Scope } from "./cache/watch-cache.ts";

/** A scope on disk, when it was last used, and how far its state is. */
export interface StoredScope extends Omit<StoredUse, "id"> {
  readonly scope: Scope;
}

/** In milliseconds since 1970; 0 where there is none. */
export function lastUse(all: readonly StoredScope[]): number {
  return Math.max(0, ...all.map(({ usedAt }) => usedAt));
}

/**
 * The resources in the order given, of each the newest state first: of several scopes that hold what is asked for the first to
 * be restored answers, and it must not know less than was shown before.
 */
export function newestFirst(all: readonly StoredScope[]): readonly StoredScope[] {
  const byResource = Map.groupBy(all, ({ scope: { gvr } }) => `${gvr.resource}.${gvr.group}`);
  return [...byResource.values()].flatMap((each) =>
    each.toSorted((a, b) => compareResourceVersion(versionOf(b), versionOf(a))),
  );
}

/** A damaged one answers nothing. */
const oldest = parseResourceVersion("1");

function versionOf({ resourceVersion }: StoredScope) {
  return resourceVersion ?? oldest;
}
