import type { Item } from "../api/item.ts";
import { newerResourceVersion } from "../api/resource-version.ts";
import { selectableFields } from "../api/selectable-fields.ts";
import type { ChangeEvent } from "../api/watch-event.ts";
import { copyTo } from "../codec/codec.ts";
import { StoredItem } from "../codec/stored-item.ts";
import type { Database } from "./database.ts";
import { readBody, type ScopeRow, type ScopeState, type SegmentPlace } from "./scope-rows.ts";
import type { SegmentIndex } from "./segment-index.ts";
import {
  type Change,
  DamagedScopeError,
  pauses,
  type Place,
  placesOf,
  readLayout,
} from "./segment-layout.ts";
import { checksumOf } from "./segment.ts";
import { SlabPacker } from "./slab.ts";
import { Store } from "./store.ts";
import { turn } from "./turn.ts";
import type { KnownPast, Scope } from "./watch-cache.ts";

/** A change and when it was seen, in milliseconds since 1970. */
export interface LoggedChange {
  readonly event: ChangeEvent;
  readonly at: number;
}

/** A scope as it was when it was last written. */
export interface RestoredScope extends ScopeState, KnownPast {
  readonly scope: Scope;
  readonly store: Store;
  /** When it was written, in milliseconds since 1970. */
  readonly at: number;
  /** All after `since`. */
  readonly changes: readonly LoggedChange[];
}

/** A body of which less is needed is copied: it would be held whole. */
const minNeededShare = 0.9;

/**
 * Reads a scope whole, every checksum compared, or rejects: with a DamagedScopeError when it is not what was written, with
 * SQLite's errors when the file is not. Lets others have their turn every few milliseconds.
 */
export async function restoreScope(
  db: Database,
  scope: Scope,
  row: ScopeRow,
  segments: readonly SegmentPlace[],
): Promise<{ readonly restored: RestoredScope; readonly index: SegmentIndex }> {
  const { state } = row;
  if (state === undefined) throw new DamagedScopeError("its row is damaged");
  const { index, objects, changes } = await readLayout(db, segments, state.since);
  const { manifest } = index;
  const expected = state.manifest;
  if (
    manifest.segments !== expected.segments ||
    manifest.objects !== expected.objects ||
    manifest.checksum !== expected.checksum
  )
    throw new DamagedScopeError("segments are missing");
  await readObjects(db, scope, segments, [...objects.values(), ...changes.flatMap(placesOf)]);
  const { manifest: _, ...kept } = state;
  const store = Store.of([...objects.values()].map(itemOf));
  return { restored: { ...kept, scope, store, ...toHistory(changes, state) }, index };
}

async function readObjects(
  db: Database,
  { gvr, codec }: Scope,
  segments: readonly SegmentPlace[],
  places: readonly Place[],
): Promise<void> {
  const fields = selectableFields(gvr.group, gvr.resource);
  const read = (bytes: Uint8Array) => codec.readItem(bytes, fields);
  const packer = new SlabPacker();
  const bySegment = Map.groupBy(new Set(places), ({ segment }) => segment);
  const pause = pauses();
  for (const { number } of segments) {
    const needed = bySegment.get(number);
    if (needed === undefined) continue;
    const body = readBody(db, number);
    if (!(body instanceof Uint8Array)) throw new DamagedScopeError(`segment ${number} has no body`);
    const neededBytes = needed.reduce((sum, { record }) => sum + record.length, 0);
    const isFull = neededBytes >= body.length * minNeededShare;
    for (const place of needed) {
      const view = body.subarray(place.offset, place.offset + place.record.length);
      if (checksumOf(view) !== place.record.checksum)
        throw new DamagedScopeError(`${place.record.key} is damaged`);
      const bytes = isFull ? view : copyTo(packer.allocate, view);
      place.item = new StoredItem({ ...place.record, bytes }, read);
      if (pause.isDue()) await turn();
    }
  }
}

function itemOf({ item, record }: Place): Item {
  if (item === undefined) throw new DamagedScopeError(`${record.key} is missing`);
  return item;
}

/** Where what an event changed is not known, only watchers of the whole scope can be told, and older states cannot be had. */
function toHistory(
  changes: readonly Change[],
  known: KnownPast,
): Pick<RestoredScope, "changes" | "statesSince"> {
  let { statesSince } = known;
  const logged = changes.map(({ at, place, before }): LoggedChange => {
    const item = itemOf(place);
    if (place.record.previous !== undefined && before === undefined)
      statesSince = newerResourceVersion(item.resourceVersion, statesSince);
    const previous = before === undefined ? item : itemOf(before);
    switch (place.record.kind) {
      case "modified":
        return { at, event: { type: "MODIFIED", item, previous } };
      case "deleted":
        return { at, event: { type: "DELETED", item, previous } };
      case "added":
      case "held":
      case "gone":
        return { at, event: { type: "ADDED", item, previous: undefined } };
    }
  });
  return { changes: logged, statesSince };
}
