import type { Database } from "./database.ts";
import {
  readScopeRows,
  readSegmentPlaces,
  type ScopeRow,
  type SegmentOwner,
  type SegmentPlace,
  type StoredState,
} from "./scope-rows.ts";
import { readUses } from "./scope-use.ts";
import type { SegmentIndex } from "./segment-index.ts";

/** A scope in the file, as its writer knows it. */
export interface HeldScope {
  readonly row: Omit<ScopeRow, "state">;
  /** undefined where the row is damaged. */
  state: StoredState | undefined;
  /** Milliseconds since 1970, a few minutes behind; undefined where it was never noted. */
  usedAt: number | undefined;
  /** What changes can be written after; `closed` is a scope that nobody writes: it may go when room is needed. */
  segments:
    | { readonly are: "open"; readonly index: SegmentIndex }
    | { readonly are: "closed"; readonly places: readonly SegmentPlace[] };
}

/** What lies in the file: the scopes by name, segments of no scope, and the first number that no segment has. */
export interface HeldScopes {
  readonly scopes: Map<string, HeldScope>;
  readonly orphans: SegmentOwner[];
  orphanBytes: number;
  nextSegment: number;
  nextScope: number;
}

export function readHeldScopes(db: Database): HeldScopes {
  const scopes = new Map<string, HeldScope>();
  const places = Map.groupBy(
    readSegmentPlaces(db),
    ({ scope, generation }) => `${scope} ${generation}`,
  );
  let nextSegment = 1;
  for (const all of places.values())
    for (const { number } of all) nextSegment = Math.max(nextSegment, number + 1);
  let nextScope = 1;
  const uses = readUses(db);
  for (const { state, ...row } of readScopeRows(db)) {
    const owner = `${row.number} ${row.generation}`;
    const own = places.get(owner) ?? [];
    places.delete(owner);
    const usedAt = uses.get(row.name);
    scopes.set(row.name, { row, state, usedAt, segments: { are: "closed", places: own } });
    nextScope = Math.max(nextScope, row.number + 1);
  }
  const orphans = [...places.values()].flat();
  const orphanBytes = orphans.reduce((sum, { byteLength }) => sum + byteLength, 0);
  return { scopes, orphans, orphanBytes, nextSegment, nextScope };
}

/** When the scope was last used, as far as is known: it was in use when it was written. */
export function lastUseOf({ usedAt, state }: HeldScope): number {
  return usedAt ?? state?.at ?? 0;
}

export function byteLengthOf({ segments }: HeldScope): number {
  if (segments.are === "open") return segments.index.byteLength;
  return segments.places.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/** Where a scope's segments lie, oldest first. */
export function placesOf({ row, segments }: HeldScope): readonly SegmentPlace[] {
  if (segments.are === "closed") return segments.places;
  const { number: scope, generation } = row;
  return Array.from(segments.index.segments, ({ number, byteLength }) => ({
    number,
    byteLength,
    scope,
    generation,
  }));
}

/** Nobody writes the scope for now: what its writer knows of it is given up. */
export function closeScope(held: HeldScope): void {
  held.segments = { are: "closed", places: placesOf(held) };
}
