import type { Item } from "../api/item.ts";
import type { ResourceVersion } from "../api/resource-version.ts";
import { newerResourceVersion } from "../api/resource-version.ts";
import { compact } from "./compaction.ts";
import type { Database } from "./database.ts";
import { DamagedFileError, kindOfError, reasonOfError } from "./disk-fault.ts";
import { type Disk, type DiskOutcome, turn } from "./disk.ts";
import {
  byteLengthOf,
  closeScope,
  type HeldScope,
  type HeldScopes,
  placesOf,
  readHeldScopes,
} from "./held-scope.ts";
import { scopeId } from "./scope-id.ts";
import { type ScopeState, type StoredState, writeScopeRow, writeSegment } from "./scope-rows.ts";
import { SegmentIndex } from "./segment-index.ts";
import { SegmentBuilder } from "./segment.ts";
import { type RestoredScope, restoreScope } from "./snapshot-restore.ts";
import { bytesOf, type ScopeWrite, sliceItems, sliceWrites } from "./snapshot-slices.ts";
import type { Scope } from "./watch-cache.ts";

/** `not held`: its changes say nothing without a whole state before them. `does not fit`: it is not on the disk any more. */
export type WriteOutcome = "written" | "not held" | "does not fit";

export type RestoreAnswer =
  | { readonly is: "restored"; readonly restored: RestoredScope }
  | { readonly is: "absent" }
  | { readonly is: "damaged"; readonly reason: string };

export interface SnapshotOptions {
  /** For all scopes together, and what others keep in the file. */
  readonly limitBytes: number;
  /** What others keep in the file. */
  readonly otherBytes: () => number;
}

/** Of how many segments one transaction gives the room back. */
const maxRemoved = 16;
/** Segments written anew after one write at most, each in a transaction of its own. */
const maxCompactions = 4;

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

  /** The ids of all scopes on disk, the latest written first. Never rejects. */
  scopes(): Promise<DiskOutcome<readonly string[]>> {
    return this.#work(async (db) => {
      const latest = [...this.#load(db).scopes.values()].toSorted(
        (a, b) => (b.state?.at ?? 0) - (a.state?.at ?? 0),
      );
      return latest.map(({ row }) => row.name);
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
          for (const write of slice) this.#append(db, all, write);
        });
        await this.#breathe(db);
      }
      for (const { scope } of accepted) await this.#compact(db, all, scope);
      await this.#sweep(db, all);
      return outcomes;
    });
  }

  /** Writes a whole state, in many slices; until the last the one before is what is on disk. Never rejects. */
  replace(
    scope: Scope,
    state: ScopeState,
    items: readonly Item[],
  ): Promise<DiskOutcome<Exclude<WriteOutcome, "not held">>> {
    return this.#work(async (db) => {
      const all = this.#trusted(db);
      const name = scopeId(scope);
      const bytes = items.reduce((sum, item) => sum + item.bytes.length, 0);
      await this.#sweep(db, all);
      if (!(await this.#makeRoom(db, all, bytes, name))) return "does not fit";
      const before = all.scopes.get(name);
      const number = before?.row.number ?? all.nextScope++;
      const row = { number, name, generation: all.nextSegment };
      const index = new SegmentIndex();
      for (const builder of sliceItems(items)) {
        db.transaction(() => this.#segment(db, all, row, index, builder));
        await this.#breathe(db);
      }
      const stored = this.#stored(state, state.resourceVersion, index);
      db.transaction(() => writeScopeRow(db, { ...row, state: stored }));
      if (before !== undefined) this.#orphan(all, before);
      all.scopes.set(name, { row, state: stored, segments: { are: "open", index } });
      await this.#breathe(db);
      await this.#sweep(db, all);
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
      this.#drop(db, all, scopeId(scope));
      await this.#sweep(db, all);
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

  #append(db: Database, all: HeldScopes, { scope, state, changes }: ScopeWrite): void {
    const held = all.scopes.get(scopeId(scope));
    if (held?.segments.are !== "open") return;
    const { index } = held.segments;
    const builder = new SegmentBuilder();
    for (const change of changes) builder.log(change);
    this.#segment(db, all, held.row, index, builder);
    held.state = this.#stored(state, held.state?.historySince ?? state.resourceVersion, index);
    writeScopeRow(db, { ...held.row, state: held.state });
  }

  #segment(
    db: Database,
    all: HeldScopes,
    row: HeldScope["row"],
    index: SegmentIndex,
    builder: SegmentBuilder,
  ): void {
    if (builder.isEmpty) return;
    const owner = { number: all.nextSegment++, scope: row.number, generation: row.generation };
    const parts = builder.finish(this.#disk.now);
    const checksum = writeSegment(db, owner, parts);
    const byteLength = parts.headText.length + parts.body.length;
    index.add(owner.number, parts.head, byteLength, checksum);
  }

  #stored(state: ScopeState, historySince: ResourceVersion, index: SegmentIndex): StoredState {
    return { ...state, historySince, at: this.#disk.now, manifest: index.manifest };
  }

  async #compact(db: Database, all: HeldScopes, scope: Scope): Promise<void> {
    const held = all.scopes.get(scopeId(scope));
    if (held?.segments.are !== "open" || held.state === undefined) return;
    const { state, row, segments } = held;
    const { index } = segments;
    const owner = { scope: row.number, generation: row.generation };
    for (let count = 0; count < maxCompactions; count++) {
      const isDone = db.transaction(() => {
        const compacted = compact(db, owner, index, this.#disk.now);
        if (compacted === undefined) return true;
        this.#segment(db, all, row, index, compacted.builder);
        const since = newerResourceVersion(held.state?.historySince, compacted.historySince);
        held.state = this.#stored(state, since ?? state.resourceVersion, index);
        writeScopeRow(db, { ...row, state: held.state });
        return false;
      });
      if (isDone) return;
      await this.#breathe(db);
    }
  }

  /** Whether so much more fits; scopes that nobody writes go for it, the least recently written first, and what stood in its own place. */
  async #makeRoom(db: Database, all: HeldScopes, bytes: number, name: string): Promise<boolean> {
    const isOver = () => this.#byteLength(all) + bytes > this.#options.limitBytes;
    const closed = [...all.scopes.values()]
      .filter(({ row, segments }) => segments.are === "closed" && row.name !== name)
      .toSorted((a, b) => (a.state?.at ?? 0) - (b.state?.at ?? 0));
    for (const { row } of closed) {
      if (!isOver()) return true;
      this.#drop(db, all, row.name);
      await this.#sweep(db, all);
    }
    if (!isOver()) return true;
    this.#drop(db, all, name);
    await this.#sweep(db, all);
    return !isOver();
  }

  #byteLength(all: HeldScopes): number {
    let bytes = all.orphanBytes + this.#options.otherBytes();
    for (const held of all.scopes.values()) bytes += byteLengthOf(held);
    return bytes;
  }

  #drop(db: Database, all: HeldScopes, name: string): void {
    const held = all.scopes.get(name);
    if (held === undefined) return;
    db.run("DELETE FROM scope WHERE name = ?", name);
    all.scopes.delete(name);
    this.#orphan(all, held);
  }

  #orphan(all: HeldScopes, held: HeldScope): void {
    all.orphans.push(...placesOf(held));
    all.orphanBytes += byteLengthOf(held);
  }

  /** Gives back the room of segments that belong to no scope. */
  async #sweep(db: Database, all: HeldScopes): Promise<void> {
    while (all.orphans.length > 0) {
      const some = all.orphans.splice(0, maxRemoved);
      db.transaction(() => {
        for (const { number } of some) db.run("DELETE FROM segment WHERE number = ?", number);
      });
      await this.#breathe(db);
    }
    all.orphanBytes = 0;
  }

  /** After a transaction: the others' turn. */
  async #breathe(db: Database): Promise<void> {
    await db.fold("long");
    await turn();
  }
}
