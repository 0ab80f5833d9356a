import { compareResourceVersion, type ResourceVersion } from "../api/resource-version.ts";
import type { ChangeEvent } from "../api/watch-event.ts";
import { itemCost } from "./store.ts";

/** How much is remembered. What is over any of them goes, oldest first. */
export interface HistoryLimits {
  readonly maxEvents: number;
  readonly maxBytes: number;
  /** Milliseconds; an apiserver keeps 75 s: a bookmark's period of 60 s and some (cacher/watch_cache_history.go). */
  readonly maxAgeMs: number;
}

interface Entry {
  readonly event: ChangeEvent;
  readonly at: number;
  readonly cost: number;
}

/** A change as the history has it; its resourceVersion is its item's. */
function versionOf(event: ChangeEvent): ResourceVersion {
  return event.item.resourceVersion;
}

/**
 * The latest changes of a scope, oldest first: what a watch resumes from, and what undone gives an older state.
 * Nothing is missing after `since`. Between `since` and `statesSince` the previous objects are not known:
 * such events go to watchers of the whole scope only.
 */
export class History {
  readonly #limits: HistoryLimits;
  #entries: Entry[] = [];
  /** Entries before this index are gone; the array is cut when half of it is. */
  #first = 0;
  #byteLength = 0;
  #since: ResourceVersion;
  #statesSince: ResourceVersion;

  constructor(limits: HistoryLimits, since: ResourceVersion, statesSince: ResourceVersion = since) {
    this.#limits = limits;
    this.#since = since;
    this.#statesSince = statesSince;
  }

  /** All changes after this resourceVersion are here. */
  get since(): ResourceVersion {
    return this.#since;
  }

  /** All states from this resourceVersion on can be had by undoing. */
  get statesSince(): ResourceVersion {
    return this.#statesSince;
  }

  get byteLength(): number {
    return this.#byteLength;
  }

  append(event: ChangeEvent, now: number): void {
    const cost = itemCost(event.item);
    this.#entries.push({ event, at: now, cost });
    this.#byteLength += cost;
    this.prune(now);
  }

  /** Forgets what is over the limits at this time. */
  prune(now: number): void {
    const { maxEvents, maxBytes, maxAgeMs } = this.#limits;
    for (;;) {
      const oldest = this.#entries[this.#first];
      if (oldest === undefined) break;
      const count = this.#entries.length - this.#first;
      const isOver = count > maxEvents || this.#byteLength > maxBytes;
      if (!isOver && now - oldest.at <= maxAgeMs) break;
      this.#first++;
      this.#byteLength -= oldest.cost;
      this.#since = versionOf(oldest.event);
      if (compareResourceVersion(this.#statesSince, this.#since) < 0)
        this.#statesSince = this.#since;
    }
    if (this.#first > 64 && this.#first * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
  }

  /** The changes after this resourceVersion, oldest first; undefined when some of them are gone. */
  after(resourceVersion: ResourceVersion): readonly ChangeEvent[] | undefined {
    if (compareResourceVersion(resourceVersion, this.#since) < 0) return undefined;
    let low = this.#first;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const entry = this.#entries[middle];
      if (
        entry !== undefined &&
        compareResourceVersion(versionOf(entry.event), resourceVersion) <= 0
      )
        low = middle + 1;
      else high = middle;
    }
    return this.#entries.slice(low).map(({ event }) => event);
  }
}
