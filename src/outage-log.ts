import { between, type ScopeTally } from "./cache/tally.ts";
import type { WatchCaches } from "./cache/watch-caches.ts";
import { log } from "./log.ts";
import type { OutageNews } from "./upstream/apiserver.ts";

/** What a watch has missed comes at once when it is resumed. */
const backlogMs = 1000;
/** A scope whose watch has not been resumed by then is not waited for. */
const patienceMs = 30_000;
const lookEveryMs = 200;

/** An outage is one line when it is known, and one when its scopes are resumed: how long it was, and what changed meanwhile. */
export class OutageLog {
  readonly #caches: Pick<WatchCaches, "all" | "tally">;
  #pending: { readonly tell: () => void; readonly timer: Timer } | undefined;

  constructor(caches: Pick<WatchCaches, "all" | "tally">) {
    this.#caches = caches;
  }

  told(server: string, news: OutageNews): void {
    this.#end();
    if (news.is === "down") {
      log.warn(`${server} is not reachable since ${news.since.toISOString()}`);
      return;
    }
    const before = this.#caches.tally;
    const tell = () => {
      const changed = describeChanges(between(before, this.#caches.tally));
      const seconds = (news.lastedMs / 1000).toFixed(1);
      log.info(`${server} is reachable again after ${seconds} s: ${changed}`, {
        since: news.since.toISOString(),
      });
    };
    const atLatestMs = performance.now() + patienceMs;
    let tellMs = Infinity;
    const look = () => {
      const now = performance.now();
      if (tellMs === Infinity && this.#isResumed()) tellMs = now + backlogMs;
      if (now >= Math.min(tellMs, atLatestMs)) this.#end();
    };
    this.#pending = { tell, timer: setInterval(look, lookEveryMs) };
    this.#pending.timer.unref();
  }

  /** Tells what is known so far, where it has not been told. */
  #end(): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#pending = undefined;
    clearInterval(pending.timer);
    pending.tell();
  }

  #isResumed(): boolean {
    for (const { reflector } of this.#caches.all)
      if (reflector.state.phase !== "Watching") return false;
    return true;
  }
}

/** `objects: 3 added, 1 changed, 0 deleted; scopes listed anew: 2`. */
export function describeChanges(changes: ScopeTally): string {
  const { added, modified, deleted, filled, bridged, replaced } = changes;
  const listed = filled + bridged + replaced;
  const objects =
    added + modified + deleted === 0
      ? "nothing that is cached changed meanwhile"
      : `objects: ${added} added, ${modified} changed, ${deleted} deleted`;
  return listed === 0 ? objects : `${objects}; scopes listed anew: ${listed}`;
}
