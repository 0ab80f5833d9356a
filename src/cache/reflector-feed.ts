import type { Item } from "../api/item.ts";
import {
  newerResourceVersion,
  parseResourceVersion,
  type ResourceVersion,
} from "../api/resource-version.ts";
import { expired } from "../api/status.ts";
import type { WireEvent } from "../codec/codec.ts";
import type { Change } from "./change.ts";
import { WatchError } from "./reflector-errors.ts";
import type { ReflectorOptions } from "./reflector-state.ts";
import type { Tally } from "./tally.ts";
import type { WatchCache } from "./watch-cache.ts";

/** Changes of one resourceVersion come together; after this much silence there are no more (CONTRACT 12). */
const sameVersionMs = 100;

/** What the cache has already is told again, and counts as nothing. */
export function applyCounted(
  cache: WatchCache,
  changes: readonly Change[],
  tally: Tally,
  now: number,
): void {
  for (const { type, item } of changes) if (!cache.has(item.resourceVersion)) tally.change(type);
  cache.apply(changes, now);
}

/** Tells a WatchCache what its watch says, and knows where that watch goes on. */
export class ChangeFeed {
  readonly #cache: WatchCache;
  readonly #read: (bytes: Uint8Array) => Item;
  readonly #now: () => number;
  readonly #tally: Tally;
  readonly #isOfEvents: boolean;
  /** How far the watch has come; behind the cache's resourceVersion while it replays. */
  #cursor: ResourceVersion | undefined;
  #held: Change[] = [];
  #silence: ReturnType<typeof setTimeout> | undefined;

  constructor(
    cache: WatchCache,
    read: (bytes: Uint8Array) => Item,
    { now, tally }: Pick<ReflectorOptions, "now" | "tally">,
  ) {
    this.#cache = cache;
    this.#read = read;
    this.#now = now;
    this.#tally = tally;
    this.#isOfEvents = cache.scope.gvr.resource === "events";
  }

  /** A whole state is there, and the watch goes on from here, or from before it. */
  begin(from: ResourceVersion): void {
    this.#held = [];
    this.#cursor = from;
  }

  /** Throws a WatchError for an ERROR event. */
  take(event: WireEvent): void {
    switch (event.type) {
      case "ERROR":
        throw new WatchError(event.code, event.message);
      case "BOOKMARK":
        this.flush();
        this.#bookmark(parseResourceVersion(event.resourceVersion));
        return;
      case "ADDED":
      case "MODIFIED":
      case "DELETED":
        this.#change({ type: event.type, item: this.#read(event.bytes) });
    }
  }

  #bookmark(resourceVersion: ResourceVersion): void {
    this.#cursor = newerResourceVersion(resourceVersion, this.#cursor);
    this.#cache.bookmark(resourceVersion, this.#now());
  }

  /** DELETED of Events may be several of one resourceVersion: they are held until something else, or silence, ends them. */
  #change(change: Change): void {
    const { resourceVersion } = change.item;
    if (this.#held[0]?.item.resourceVersion !== resourceVersion) this.flush();
    this.#held.push(change);
    this.#cursor = resourceVersion;
    if (change.type !== "DELETED" || !this.#isOfEvents) return this.flush();
    this.#silence ??= setTimeout(() => this.flush(), sameVersionMs);
  }

  /** Tells what is held. */
  flush(): void {
    clearTimeout(this.#silence);
    this.#silence = undefined;
    const changes = this.#held;
    if (changes.length === 0) return;
    this.#held = [];
    applyCounted(this.#cache, changes, this.#tally, this.#now());
  }

  /** Where the watch is resumed: of Events one lower, since a cut may have come between two changes of one version. */
  resumeFrom(): ResourceVersion {
    this.flush();
    const from = this.#cursor;
    if (from === undefined) throw new Error("a watch without a state");
    const isReplay = from !== this.#cache.resourceVersion;
    if (!this.#isOfEvents || isReplay || BigInt(from) < 2n) return from;
    return parseResourceVersion(String(BigInt(from) - 1n));
  }

  /**
   * After a 410. One that came while the watch replayed from before the state loses the replay only, and who waits for it gets
   * a 410 too: `replay`, and the watch goes on from the state. Else the state is to be listed again, and our watchers stay.
   */
  forget(message: string): "replay" | "all" {
    this.flush();
    const { resourceVersion } = this.#cache;
    const isBehind = resourceVersion !== undefined && this.#cursor !== resourceVersion;
    if (!isBehind) return "all";
    if (this.#cache.isReplaying) this.#cache.forgetHistory(expired(message).status);
    this.#cursor = resourceVersion;
    return "replay";
  }
}
