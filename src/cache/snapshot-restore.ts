import type { Item } from "../api/item.ts";
import type { ObjectKey } from "../api/object-key.ts";
import { compareResourceVersion, type ResourceVersion } from "../api/resource-version.ts";
import { selectableFields } from "../api/selectable-fields.ts";
import type { ChangeEvent } from "../api/watch-event.ts";
import { copyTo } from "../codec/codec.ts";
import type { Database } from "./database.ts";
import { turn } from "./disk.ts";
import {
  readBody,
  readHead,
  type ScopeRow,
  type ScopeState,
  type SegmentPlace,
} from "./scope-rows.ts";
import { SegmentIndex } from "./segment-index.ts";
import {
  bodyOffset,
  checksumOf,
  isEvent,
  isThere,
  type SegmentHead,
  type SegmentRecord,
} from "./segment.ts";
import { SlabPacker } from "./slab.ts";
import { Store } from "./store.ts";
import type { Scope } from "./watch-cache.ts";

/** A change and when it was seen, in milliseconds since 1970. */
export interface LoggedChange {
  readonly event: ChangeEvent;
  readonly at: number;
}

/** A scope as it was when it was last written. */
export interface RestoredScope extends ScopeState {
  readonly scope: Scope;
  readonly store: Store;
  /** When it was written, in milliseconds since 1970. */
  readonly at: number;
  /** As of `History`: all changes after `since`, of which those after `statesSince` have their true previous objects. */
  readonly since: ResourceVersion;
  readonly statesSince: ResourceVersion;
  readonly changes: readonly LoggedChange[];
}

/** Something of the scope is not what was written: none of it is used. */
export class DamagedScopeError extends Error {}

/** Where an object lies, and the object once it has been read. */
interface Place {
  readonly segment: number;
  readonly offset: number;
  readonly record: SegmentRecord;
  item: Item | undefined;
}

interface Change {
  readonly at: number;
  readonly place: Place;
  readonly before: Place | undefined;
}

/** What the heads say: where the objects and the changes lie, and the index for the writer. */
interface Layout {
  readonly index: SegmentIndex;
  readonly objects: ReadonlyMap<ObjectKey, Place>;
  readonly changes: readonly Change[];
}

/** Longest time without a turn for others, in milliseconds. */
const sliceMs = 5;
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
  const { index, objects, changes } = await readLayout(db, segments, state.historySince);
  const { manifest } = index;
  const expected = state.manifest;
  if (
    manifest.segments !== expected.segments ||
    manifest.objects !== expected.objects ||
    manifest.checksum !== expected.checksum
  )
    throw new DamagedScopeError("segments are missing");
  await readObjects(db, scope, segments, [...objects.values(), ...changes.flatMap(placesOf)]);
  const { resourceVersion, form, listForm, lost, at, historySince } = state;
  const history = toHistory(changes, historySince);
  const store = Store.of([...objects.values()].map(itemOf));
  const restored = { scope, store, resourceVersion, form, listForm, lost, at, since: historySince };
  return { restored: { ...restored, ...history }, index };
}

async function readLayout(
  db: Database,
  segments: readonly SegmentPlace[],
  since: ResourceVersion,
): Promise<Layout> {
  const index = new SegmentIndex();
  const objects = new Map<ObjectKey, Place>();
  const changes: Change[] = [];
  const pause = pauses();
  for (const owner of segments) {
    const read = readHead(db, owner);
    if (read === undefined) throw new DamagedScopeError(`segment ${owner.number} is damaged`);
    index.add(owner.number, read.head, owner.byteLength, read.checksum);
    takeHead(owner.number, read.head, since, objects, changes);
    if (pause.isDue()) await turn();
  }
  return { index, objects, changes };
}

/** Goes through a segment's records in the order in which they came to be true. */
function takeHead(
  segment: number,
  { at, records }: SegmentHead,
  since: ResourceVersion,
  objects: Map<ObjectKey, Place>,
  changes: Change[],
): void {
  let offset = bodyOffset;
  for (const record of records) {
    const place = { segment, offset, record, item: undefined };
    offset += record.length;
    if (isEvent(record) && compareResourceVersion(record.resourceVersion, since) > 0) {
      const held = objects.get(record.key);
      const isTrue = held !== undefined && held.record.resourceVersion === record.previous;
      changes.push({ at, place, before: isTrue ? held : undefined });
    }
    if (isThere(record)) objects.set(record.key, place);
    else objects.delete(record.key);
  }
}

function placesOf({ place, before }: Change): readonly Place[] {
  return before === undefined ? [place] : [place, before];
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
    const bytes = needed.reduce((sum, { record }) => sum + record.length, 0);
    const isFull = bytes >= body.length * minNeededShare;
    for (const place of needed) {
      const view = body.subarray(place.offset, place.offset + place.record.length);
      if (checksumOf(view) !== place.record.checksum)
        throw new DamagedScopeError(`${place.record.key} is damaged`);
      place.item = read(isFull ? view : copyTo(packer.allocate, view));
      if (pause.isDue()) await turn();
    }
  }
}

function itemOf({ item, record }: Place): Item {
  if (item === undefined || item.key !== record.key)
    throw new DamagedScopeError(`${record.key} is another object`);
  return item;
}

/** Where what an event changed is not known, only watchers of the whole scope can be told, and older states cannot be had. */
function toHistory(
  changes: readonly Change[],
  since: ResourceVersion,
): Pick<RestoredScope, "changes" | "statesSince"> {
  let statesSince = since;
  const logged = changes.map(({ at, place, before }): LoggedChange => {
    const item = itemOf(place);
    if (place.record.previous !== undefined && before === undefined)
      statesSince = item.resourceVersion;
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

/** Tells when it is somebody else's turn. */
function pauses(): { isDue: () => boolean } {
  let since = performance.now();
  return {
    isDue: () => {
      const now = performance.now();
      if (now - since < sliceMs) return false;
      since = now;
      return true;
    },
  };
}
