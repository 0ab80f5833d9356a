/** What has happened to scopes since the start; who wants to know it of a time takes the difference of two. */
export interface ScopeTally {
  /** Objects, by what upstream told of them. */
  readonly added: number;
  readonly modified: number;
  readonly deleted: number;
  /** Scopes that came back from disk. */
  readonly restored: number;
  /** Scopes that were in doubt, after a start or an outage, and were shown to have what upstream has. */
  readonly confirmed: number;
  /** Whole states from upstream: the first of a scope, those whose watchers were told the difference, and those whose watchers got a 410. */
  readonly filled: number;
  readonly bridged: number;
  readonly replaced: number;
}

const ofType = { ADDED: "added", MODIFIED: "modified", DELETED: "deleted" } as const;

/** The one that counts. */
export class Tally {
  readonly #counts: Record<keyof ScopeTally, number> = {
    added: 0,
    modified: 0,
    deleted: 0,
    restored: 0,
    confirmed: 0,
    filled: 0,
    bridged: 0,
    replaced: 0,
  };

  /** As it is now. */
  get counts(): ScopeTally {
    return { ...this.#counts };
  }

  count(what: keyof ScopeTally): void {
    this.#counts[what]++;
  }

  change(type: keyof typeof ofType): void {
    this.#counts[ofType[type]]++;
  }
}

/** What has happened between the two. */
export function between(before: ScopeTally, after: ScopeTally): ScopeTally {
  return {
    added: after.added - before.added,
    modified: after.modified - before.modified,
    deleted: after.deleted - before.deleted,
    restored: after.restored - before.restored,
    confirmed: after.confirmed - before.confirmed,
    filled: after.filled - before.filled,
    bridged: after.bridged - before.bridged,
    replaced: after.replaced - before.replaced,
  };
}
