import { isStream, type ListerWatcher } from "../cache/lister-watcher.ts";
import type { LiveScope, WatchCaches } from "../cache/watch-caches.ts";
import type { ProxyParts } from "./parts.ts";

const learning = new WeakMap<LiveScope, Promise<void>>();

/**
 * Learns how a list of the scope's type is written, by one LIST of one object: a WatchList shows objects only. Whoever
 * asks meanwhile shares it. Where it fails, the scope's lists go upstream.
 */
export function learnListForm({ lister, caches }: ProxyParts, live: LiveScope): Promise<void> {
  const there = learning.get(live);
  if (there !== undefined) return there;
  const asking = learn(lister, caches, live)
    .catch(() => undefined)
    .finally(() => learning.delete(live));
  learning.set(live, asking);
  return asking;
}

async function learn(
  lister: ListerWatcher,
  caches: WatchCaches,
  { cache }: LiveScope,
): Promise<void> {
  const { codec, ...target } = cache.scope;
  const page = { limit: 1, continue: "" };
  const signal = AbortSignal.timeout(5000);
  const answer = await lister.list({ ...target, format: codec.format }, page, signal);
  if (!isStream(answer)) return;
  const reader = codec.listReader();
  for await (const chunk of answer.body) reader.push(chunk);
  caches.learnListForm(cache.scope, reader.finish().form);
}
