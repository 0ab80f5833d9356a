import { compareResourceVersion, type ResourceVersion } from "../api/resource-version.ts";

/** Between these two, neither included, what happened is not known: no watch may begin or wait there (CONTRACT 14). */
export interface LostInterval {
  readonly after: ResourceVersion;
  readonly before: ResourceVersion;
}

/** More of them than the history can reach are not needed. */
const maxLost = 16;

/** Whether the resourceVersion lies in the interval, its ends left out. */
export function isInside(resourceVersion: ResourceVersion, { after, before }: LostInterval) {
  return (
    compareResourceVersion(resourceVersion, after) > 0 &&
    compareResourceVersion(resourceVersion, before) < 0
  );
}

/** Those that a history reaches which knows what happened since this resourceVersion, the last ones. */
export function reachedLost(
  lost: readonly LostInterval[],
  since: ResourceVersion,
): readonly LostInterval[] {
  return lost.filter(({ before }) => compareResourceVersion(before, since) > 0).slice(-maxLost);
}
