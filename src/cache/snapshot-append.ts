import {
  newerResourceVersion,
  olderResourceVersion,
  type ResourceVersion,
} from "../api/resource-version.ts";
import { compact } from "./compaction.ts";
import type { Database } from "./database.ts";
import type { HeldScope, HeldScopes } from "./held-scope.ts";
import { scopeId } from "./scope-id.ts";
import { type ScopeState, type StoredState, writeScopeRow, writeSegment } from "./scope-rows.ts";
import type { SegmentIndex } from "./segment-index.ts";
import { SegmentBuilder } from "./segment.ts";
import type { ScopeWrite } from "./snapshot-slices.ts";
import type { KnownPast } from "./watch-cache.ts";

/** Writes the changes as the scope's newest segment, and its row; inside the caller's transaction. */
export function appendChanges(db: Database, all: HeldScopes, write: ScopeWrite, now: number): void {
  const held = all.scopes.get(scopeId(write.scope));
  if (held?.segments.are !== "open") return;
  const { index } = held.segments;
  const builder = new SegmentBuilder(write.eventsOf);
  for (const change of write.changes) builder.log(change);
  appendSegment(db, all, held.row, index, builder, now);
  held.state = storedState(write.state, knownAfter(held.state, write), index, now);
  writeScopeRow(db, { ...held.row, state: held.state });
}

/** What is known of the past after a write: no more than before it, nor than the writer knows. */
function knownAfter(
  before: KnownPast | undefined,
  { state: { resourceVersion }, known }: ScopeWrite,
): KnownPast {
  const upTo = (version: ResourceVersion) => olderResourceVersion(version, resourceVersion);
  const told = known ?? nothingBefore(resourceVersion);
  const held = before ?? told;
  if (known === undefined) return { ...held, replayedTo: resourceVersion };
  return {
    since: newerResourceVersion(held.since, upTo(told.since)),
    statesSince: newerResourceVersion(held.statesSince, upTo(told.statesSince)),
    replayedTo: upTo(told.replayedTo),
  };
}

/** Of a state of which no past is known. */
export function nothingBefore(resourceVersion: ResourceVersion): KnownPast {
  return { since: resourceVersion, statesSince: resourceVersion, replayedTo: resourceVersion };
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
  const since = newerResourceVersion(state.since, compacted.since ?? state.since);
  held.state = { ...state, since, manifest: index.manifest };
  writeScopeRow(db, { ...row, state: held.state });
  return true;
}

export function storedState(
  state: ScopeState,
  known: KnownPast,
  index: SegmentIndex,
  at: number,
): StoredState {
  const { since, statesSince, replayedTo } = known;
  return { ...state, since, statesSince, replayedTo, at, manifest: index.manifest };
}
