import type { Item } from "../api/item.ts";
import type { ResourceVersion } from "../api/resource-version.ts";
import type { Database } from "./database.ts";
import { DamagedFileError, kindOfError, reasonOfError } from "./disk-fault.ts";
import type { Disk, DiskOutcome } from "./disk.ts";
import { closeScope, type HeldScopes, lastUseOf, placesOf, readHeldScopes } from "./held-scope.ts";
import { scopeId } from "./scope-id.ts";
import { type ScopeState, writeScopeRow } from "./scope-rows.ts";
import { writeUse } from "./scope-use.ts";
import { SegmentIndex } from "./segment-index.ts";
import {
  appendChanges,
  appendSegment,
  compactScope,
  nothingBefore,
  storedState,
} from "./snapshot-append.ts";
import { type RestoredScope, restoreScope } from "./snapshot-restore.ts";
import { breathe, byteLengthOfAll, dropScope, makeRoom, orphan, sweep } from "./snapshot-room.ts";
import { bytesOf, type ScopeWrite, sliceState, sliceWrites } from "./snapshot-slices.ts";
import type { Past, Scope } from "./watch-cache.ts";

/** `not held`: its changes say nothing without a whole state before them. `does not fit`: it is not on the disk any more. */
export type WriteOutcome = "written" | "not held" | "does not fit";

export type RestoreAnswer =
  | { readonly is: "restored"; readonly restored: RestoredScope }
  | { readonly is: "absent" }
  | { readonly is: "damaged"; readonly reason: string };

/** A scope on disk, by its id, and when it was last used, in milliseconds since 1970. */
export interface ScopeUse {
  readonly id: string;
  readonly usedAt: number;
}

/** The same, and how far its state is; undefined where that is damaged. */
export interface StoredUse extends ScopeUse {
  readonly resourceVersion: ResourceVersion | undefined;
}

export interface SnapshotOptions {
  /** For all scopes together, and what others keep in the file. */
  readonly limitBytes: number;
  /** What others keep in the file. */
  readonly otherBytes: () => number;
}

/** Compactions after one write at most, each in a transaction of its own: together they free as much as a burst of events brings. */
const maxCompactions = 12;

/**
 * The scopes on disk. Whoever reads the file, also after a kill at any moment, finds for each scope contents and
 * resourceVersion that belong together. No step blocks for more than a few milliseconds.
 */
export class Snapshot {
  readonly #disk: Disk;
  readonly #options: SnapshotOptions;
  #held: HeldScopes | undefined;
  #isUntrusted = false;

  constructor(disk: Disk, options: SnapshotOptions) {
    this.#disk = disk;
    this.#options = options;
    disk.onAnotherFile(() => {
      this.#held = undefined;
      this.#isUntrusted = false;
    });
  }

  /** All scopes on disk, the latest used first. Never rejects. */
  scopes(): Promise<DiskOutcome<readonly StoredUse[]>> {
    return this.#work(async (db) =>
      [...this.#load(db).scopes.values()]
        .map((held) => ({
          id: held.row.name,
          usedAt: lastUseOf(held),
          resourceVersion: held.state?.resourceVersion,
        }))
        .toSorted((a, b) => b.usedAt - a.usedAt),
    );
  }

  /** Notes when these were last used; those that are not on disk are left out. Never rejects. */
  async noteUses(uses: readonly ScopeUse[]): Promise<void> {
    await this.#work(async (db) => {
      const { scopes } = this.#trusted(db);
      db.transaction(() => {
        for (const { id, usedAt } of uses) {
          const held = scopes.get(id);
          if (held === undefined || held.usedAt === usedAt) continue;
          held.usedAt = usedAt;
          writeUse(db, id, usedAt);
        }
      });
    });
  }

  /** Removes what nobody writes and was last used before this. Never rejects. */
  async removeUnused(before: number): Promise<void> {
    await this.#work(async (db) => {
      const all = this.#trusted(db);
      for (const [name, held] of all.scopes)
        if (held.segments.are === "closed" && lastUseOf(held) < before) dropScope(db, all, name);
      await sweep(db, all);
    });
  }

  /** Reads the scope; from then on its changes can be written. A damaged one stays until it is replaced or removed. Never rejects. */
  restore(scope: Scope): Promise<DiskOutcome<RestoreAnswer>> {
    return this.#work(async (db) => {
      const held = this.#load(db).scopes.get(scopeId(scope));
      if (held === undefined) return { is: "absent" };
      try {
        const row = { ...held.row, state: held.state };
        const { restored, index } = await restoreScope(db, scope, row, placesOf(held));
        held.segments = { are: "open", index };
        return { is: "restored", restored };
      } catch (error) {
        this.#isUntrusted ||= kindOfError(error) === "damaged";
        return { is: "damaged", reason: reasonOfError(error) };
      }
    });
  }

  /** Whether the scope lies on disk at this resourceVersion, so that changes after it can be written. */
  isAt(scope: Scope, resourceVersion: ResourceVersion): boolean {
    const held = this.#held?.scopes.get(scopeId(scope));
    return held?.segments.are === "open" && held.state?.resourceVersion === resourceVersion;
  }

  /** Writes changes; what became of each scope's, in their order. Never rejects. */
  write(writes: readonly ScopeWrite[]): Promise<DiskOutcome<readonly WriteOutcome[]>> {
    return this.#work(async (db) => {
      const all = this.#trusted(db);
      const outcomes = await this.#admit(db, all, writes);
      const accepted = writes.filter((_, index) => outcomes[index] === "written");
      for (const slice of sliceWrites(accepted)) {
        db.transaction(() => {
          for (const write of slice) appendChanges(db, all, write, this.#disk.now);
        });
        await breathe(db);
      }
      for (const { scope } of accepted) {
        const name = scopeId(scope);
        for (let count = 0; count < maxCompactions; count++) {
          if (!db.transaction(() => compactScope(db, all, name, this.#disk.now))) break;
          await breathe(db);
        }
      }
      await sweep(db, all);
      return outcomes;
    });
  }

  /**
   * Writes a whole state, in many slices; until the last the one before is what is on disk. With what led to it: then the items
   * are those that there were before. Never rejects.
   */
  replace(
    scope: Scope,
    state: ScopeState,
    items: readonly Item[],
    past: Omit<Past, "store"> = { ...nothingBefore(state.resourceVersion), told: [], changes: [] },
  ): Promise<DiskOutcome<Exclude<WriteOutcome, "not held">>> {
    return this.#work(async (db) => {
      const all = this.#trusted(db);
      const name = scopeId(scope);
      const { told, changes } = past;
      const itemBytes = items.reduce((sum, item) => sum + item.bytes.length, 0);
      const bytes = itemBytes + bytesOf(told) + bytesOf(changes);
      await sweep(db, all);
      if (!(await this.#makeRoom(db, all, bytes, name))) return "does not fit";
      const before = all.scopes.get(name);
      const number = before?.row.number ?? all.nextScope++;
      const row = { number, name, generation: all.nextSegment };
      const index = new SegmentIndex();
      for (const builder of sliceState(items, past)) {
        db.transaction(() => appendSegment(db, all, row, index, builder, this.#disk.now));
        await breathe(db);
      }
      const stored = storedState(state, past, index, this.#disk.now);
      db.transaction(() => writeScopeRow(db, { ...row, state: stored }));
      if (before !== undefined) orphan(all, before);
      const usedAt = before?.usedAt;
      all.scopes.set(name, { row, state: stored, usedAt, segments: { are: "open", index } });
      await breathe(db);
      await sweep(db, all);
      return "written";
    });
  }

  /** Nobody writes the scope for now; it stays on disk until its room is needed. Never rejects. */
  async release(scope: Scope): Promise<void> {
    await this.#work(async (db) => {
      const held = this.#load(db).scopes.get(scopeId(scope));
      if (held !== undefined) closeScope(held);
    });
  }

  /** Removes the scope from the disk. Never rejects. */
  async remove(scope: Scope): Promise<void> {
    await this.#work(async (db) => {
      const all = this.#trusted(db);
      dropScope(db, all, scopeId(scope));
      await sweep(db, all);
    });
  }

  /** What failed may have left the file at any step: it is read again before anything is written. */
  #work<T>(work: (db: Database) => Promise<T>): Promise<DiskOutcome<T>> {
    return this.#disk.exclusive(async (db) => {
      try {
        return await work(db);
      } catch (error) {
        this.#held = undefined;
        throw error;
      }
    });
  }

  #load(db: Database): HeldScopes {
    return (this.#held ??= readHeldScopes(db));
  }

  /** Nothing is written to a file in which damage was found: it is begun anew. */
  #trusted(db: Database): HeldScopes {
    if (this.#isUntrusted) throw new DamagedFileError("damaged", "pages of it are damaged");
    return this.#load(db);
  }

  async #admit(
    db: Database,
    all: HeldScopes,
    writes: readonly ScopeWrite[],
  ): Promise<readonly WriteOutcome[]> {
    const outcomes: WriteOutcome[] = [];
    for (const { scope, changes } of writes) {
      const name = scopeId(scope);
      if (all.scopes.get(name)?.segments.are !== "open") outcomes.push("not held");
      else {
        await this.#makeRoom(db, all, bytesOf(changes), name);
        outcomes.push(all.scopes.has(name) ? "written" : "not held");
      }
    }
    return outcomes;
  }

  #makeRoom(db: Database, all: HeldScopes, bytes: number, name: string): Promise<boolean> {
    const { limitBytes, otherBytes } = this.#options;
    return makeRoom(db, all, () => byteLengthOfAll(all) + otherBytes() + bytes > limitBytes, name);
  }
}
