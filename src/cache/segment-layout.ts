import type { Item } from "../api/item.ts";
import type { ObjectKey } from "../api/object-key.ts";
import { compareResourceVersion, type ResourceVersion } from "../api/resource-version.ts";
import type { Database } from "./database.ts";
import { readHead, type SegmentPlace } from "./scope-rows.ts";
import { SegmentIndex } from "./segment-index.ts";
import { bodyOffset, isEvent, isThere, type SegmentHead, type SegmentRecord } from "./segment.ts";
import { turn } from "./turn.ts";

/** Something of the scope is not what was written: none of it is used. */
export class DamagedScopeError extends Error {}

/** Where an object lies, and the object once it has been read. */
export interface Place {
  readonly segment: number;
  readonly offset: number;
  readonly record: SegmentRecord;
  item: Item | undefined;
}

export interface Change {
  readonly at: number;
  readonly place: Place;
  readonly before: Place | undefined;
}

/** What the heads say: where the objects and the changes lie, and the index for the writer. */
export interface Layout {
  readonly index: SegmentIndex;
  readonly objects: ReadonlyMap<ObjectKey, Place>;
  readonly changes: readonly Change[];
}

/** Longest time without a turn for others, in milliseconds. */
const sliceMs = 5;
/** Reads the heads; rejects with a DamagedScopeError where one is damaged. */
export async function readLayout(
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
  { at, eventsOf, records }: SegmentHead,
  since: ResourceVersion,
  objects: Map<ObjectKey, Place>,
  changes: Change[],
): void {
  let offset = bodyOffset;
  for (const record of records) {
    const place = { segment, offset, record, item: undefined };
    offset += record.length;
    const isBefore = eventsOf === "before the state";
    if (isEvent(record) && compareResourceVersion(record.resourceVersion, since) > 0) {
      const held = isBefore ? undefined : objects.get(record.key);
      const isTrue = held !== undefined && held.record.resourceVersion === record.previous;
      changes.push({ at, place, before: isTrue ? held : undefined });
    }
    if (isBefore) continue;
    if (isThere(record)) objects.set(record.key, place);
    else objects.delete(record.key);
  }
}

/** The places that a change needs. */
export function placesOf({ place, before }: Change): readonly Place[] {
  return before === undefined ? [place] : [place, before];
}

/** Tells when it is somebody else's turn. */
export function pauses(): { isDue: () => boolean } {
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
