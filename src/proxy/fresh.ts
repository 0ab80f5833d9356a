import type { LiveScope } from "../cache/watch-caches.ts";
import type { Freshness } from "./decide.ts";
import type { ProxyParts } from "./parts.ts";

/** A read waits for the watch so long, then goes upstream (CONTRACT 5). */
const waitMs = 100;

/** What a watch is late by on a slow link; who is late by more is caught up with, which costs a LIST and a watch. */
const lagMs = 1000;

/** Scopes that a read has found wanting, and that are waited for. */
const lagging = new WeakSet<LiveScope>();

/** The R at which the last `exact` read of a scope was in vain: until it moves, the next goes upstream at once. */
const vainExact = new WeakMap<LiveScope, string>();

/** Whether upstream may have gone on without the scope: nothing is reachable, or nothing was heard for too long. */
export function isSilent(
  { apiserver, healthIntervalMs }: ProxyParts,
  { reflector }: LiveScope,
  nowMs?: number,
): boolean {
  if (apiserver.outage !== undefined) return true;
  const silentMs = nowMs === undefined ? reflector.silentMs : reflector.silentAt(nowMs);
  return silentMs > healthIntervalMs;
}

/** Whether the scope shows what the read must see as it stands; false also where only a question upstream could tell. */
export function isFreshNow(
  parts: ProxyParts,
  live: LiveScope,
  freshness: Freshness,
  nowMs?: number,
): boolean {
  const { cache, reflector } = live;
  if (freshness.kind === "any") return true;
  if (freshness.kind === "exact" || !reflector.isConfirmed || isSilent(parts, live, nowMs))
    return false;
  return freshness.kind === "session"
    ? parts.floors.count(cache) === 0
    : cache.has(freshness.resourceVersion);
}

/** Whether the scope shows what the read must see, if need be after a wait. Never rejects. */
export async function isFresh(
  parts: ProxyParts,
  live: LiveScope,
  freshness: Freshness,
): Promise<boolean> {
  if (isFreshNow(parts, live, freshness)) return true;
  const { cache, reflector } = live;
  if (isSilent(parts, live)) return false;
  if (!reflector.isConfirmed && !(await isConfirmed(parts, live))) return false;
  switch (freshness.kind) {
    case "any":
      return true;
    case "at least":
      return await isReached(parts, live, (ms) =>
        cache.waitUntilFresh(freshness.resourceVersion, ms),
      );
    case "session":
      return await isReached(parts, live, (ms) => parts.floors.settle(cache, ms));
    case "exact":
      return await isExact(parts, live);
  }
}

/** Whether the watch brings it in time; what it does not bring a little later either, a catch-up does (CONTRACT 5). */
async function isReached(
  parts: ProxyParts,
  live: LiveScope,
  wait: (ms: number) => Promise<boolean>,
): Promise<boolean> {
  if (await wait(waitMs)) return true;
  if (lagging.has(live)) return false;
  lagging.add(live);
  void wait(lagMs)
    .then((isMet) => (isMet ? undefined : catchUp(parts, live)))
    .catch(() => undefined)
    .finally(() => lagging.delete(live));
  return false;
}

function catchUp({ resolver }: ProxyParts, { cache, reflector }: LiveScope): Promise<unknown> {
  return reflector.catchUp(() => resolver.latestBesideWatches(cache.scope));
}

/** A state that came from disk, or was there before an outage, is shown to be no older than this moment first (CONTRACT 6). */
async function isConfirmed(parts: ProxyParts, live: LiveScope): Promise<boolean> {
  const caughtUp = catchUp(parts, live).then(
    () => live.reflector.isConfirmed,
    () => false,
  );
  return await Promise.race([caughtUp, Bun.sleep(waitMs).then(() => false)]);
}

async function isExact(parts: ProxyParts, live: LiveScope): Promise<boolean> {
  const { cache } = live;
  if (cache.resourceVersion !== undefined && vainExact.get(live) === cache.resourceVersion)
    return false;
  try {
    const latest = await parts.resolver.latestShared(cache.scope);
    if (await cache.waitUntilFresh(latest, waitMs)) return true;
  } catch {
    return false;
  }
  if (cache.resourceVersion !== undefined) vainExact.set(live, cache.resourceVersion);
  return false;
}
