import { newerResourceVersion, type ResourceVersion } from "../api/resource-version.ts";
import { compact } from "./compaction.ts";
import type { Database } from "./database.ts";
import type { HeldScope, HeldScopes } from "./held-scope.ts";
import { scopeId } from "./scope-id.ts";
import { type ScopeState, type StoredState, writeScopeRow, writeSegment } from "./scope-rows.ts";
import type { SegmentIndex } from "./segment-index.ts";
import { SegmentBuilder } from "./segment.ts";
import type { ScopeWrite } from "./snapshot-slices.ts";

/** Writes the changes as the scope's newest segment, and its row; inside the caller's transaction. */
export function appendChanges(
  db: Database,
  all: HeldScopes,
  { scope, state, changes }: ScopeWrite,
  now: number,
): void {
  const held = all.scopes.get(scopeId(scope));
  if (held?.segments.are !== "open") return;
  const { index } = held.segments;
  const builder = new SegmentBuilder();
  for (const change of changes) builder.log(change);
  appendSegment(db, all, held.row, index, builder, now);
  const since = held.state?.historySince ?? state.resourceVersion;
  held.state = storedState(state, since, index, now);
  writeScopeRow(db, { ...held.row, state: held.state });
}

/** Writes the segment, unless nothing is in it, and takes it into the index. */
export function appendSegment(
  db: Database,
  all: HeldScopes,
  row: HeldScope["row"],
  index: SegmentIndex,
  builder: SegmentBuilder,
  now: number,
): void {
  if (builder.isEmpty) return;
  const owner = { number: all.nextSegment++, scope: row.number, generation: row.generation };
  const parts = builder.finish(now);
  const checksum = writeSegment(db, owner, parts);
  const byteLength = parts.headText.length + parts.body.length;
  index.add(owner.number, parts.head, byteLength, checksum);
}

/** Writes mostly overtaken segments of the scope anew where that pays; false where it does not. Inside the caller's transaction. */
export function compactScope(db: Database, all: HeldScopes, name: string, now: number): boolean {
  const held = all.scopes.get(name);
  if (held?.segments.are !== "open" || held.state === undefined) return false;
  const { state, row, segments } = held;
  const { index } = segments;
  const owner = { scope: row.number, generation: row.generation };
  const compacted = compact(db, owner, index, now);
  if (compacted === undefined) return false;
  appendSegment(db, all, row, index, compacted.builder, now);
  const lost = compacted.historySince ?? state.historySince;
  const since = newerResourceVersion(state.historySince, lost);
  held.state = { ...state, historySince: since, manifest: index.manifest };
  writeScopeRow(db, { ...row, state: held.state });
  return true;
}

export function storedState(
  state: ScopeState,
  historySince: ResourceVersion,
  index: SegmentIndex,
  at: number,
): StoredState {
  return { ...state, historySince, at, manifest: index.manifest };
}
