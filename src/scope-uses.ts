import type { Scope } from "./cache/watch-cache.ts";
import type { LiveScope } from "./cache/watch-caches.ts";

/** What is asked of the disk. */
interface Target {
  noteUses(uses: readonly { readonly scope: Scope; readonly unusedMs: number }[]): Promise<void>;
}

/** Often enough to know after a kill what was in use, too rare to be a cost. */
export const noteEveryMs = 300_000;

/** Has the disk note when the scopes were last used, every few minutes and at the end. */
export class ScopeUses {
  readonly #disk: Target;
  readonly #now: () => number;
  #notedMs: number;

  constructor(disk: Target, now: () => number) {
    this.#disk = disk;
    this.#now = now;
    this.#notedMs = now();
  }

  /** Notes them where it is time to. */
  tick(scopes: Iterable<LiveScope>): void {
    if (this.#now() - this.#notedMs >= noteEveryMs) void this.note(scopes);
  }

  /** Never rejects. */
  async note(scopes: Iterable<LiveScope>): Promise<void> {
    const now = (this.#notedMs = this.#now());
    const uses = Array.from(scopes, ({ cache, isKept, lastUsedMs }) => {
      const isInUse = isKept || cache.watcherCount > 0;
      return { scope: cache.scope, unusedMs: isInUse ? 0 : now - lastUsedMs };
    });
    await this.#disk.noteUses(uses);
  }
}
