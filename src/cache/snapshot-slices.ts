import type { Item } from "../api/item.ts";
import type { ResourceVersion } from "../api/resource-version.ts";
import type { ChangeEvent } from "../api/watch-event.ts";
import type { ScopeState } from "./scope-rows.ts";
import { type EventsOf, SegmentBuilder } from "./segment.ts";
import type { KnownPast, Past, Scope } from "./watch-cache.ts";

/** Changes of a scope, in their order, and the state they lead to. Without changes its resourceVersion has moved alone. */
export interface ScopeWrite {
  readonly scope: Scope;
  readonly state: ScopeState;
  readonly changes: readonly ChangeEvent[];
  /** They lead to the state unless it is said that they tell of what was before it. */
  readonly eventsOf?: EventsOf;
  /** How far back it is known what happened; what is on disk says it where this does not. */
  readonly known?: KnownPast;
}

/** What one transaction takes: written in 1 to 4 ms (measured), so that nobody waits for it. */
const sliceBytes = 256 << 10;
/** A segment of a whole state: large enough that its row costs nothing, small enough to be a slab. */
const segmentBytes = 256 << 10;

/** The writes in transactions, each of which is whole by itself: it ends between two resourceVersions. */
export function sliceWrites(writes: readonly ScopeWrite[]): readonly (readonly ScopeWrite[])[] {
  const slices: ScopeWrite[][] = [];
  let slice: ScopeWrite[] = [];
  let bytes = 0;
  for (const part of writes.flatMap(cutWrite)) {
    const added = bytesOf(part.changes);
    if (slice.length > 0 && bytes + added > sliceBytes) {
      slices.push(slice);
      slice = [];
      bytes = 0;
    }
    slice.push(part);
    bytes += added;
  }
  return slice.length === 0 ? slices : [...slices, slice];
}

export function bytesOf(changes: readonly ChangeEvent[]): number {
  return changes.reduce((sum, change) => sum + bytesOfEvent(change), 0);
}

/** The same with these changes only, which go up to this resourceVersion. */
function partOf(
  write: ScopeWrite,
  to: ResourceVersion,
  changes: readonly ChangeEvent[],
): ScopeWrite {
  const { state, known, eventsOf } = write;
  if (eventsOf !== "before the state")
    return { ...write, state: { ...state, resourceVersion: to }, changes };
  return known === undefined
    ? { ...write, changes }
    : { ...write, known: { ...known, replayedTo: to }, changes };
}

/** Changes of one resourceVersion are one (CONTRACT 12): no cut comes between them. */
function cutWrite(write: ScopeWrite): readonly ScopeWrite[] {
  const parts: ScopeWrite[] = [];
  let changes: ChangeEvent[] = [];
  let bytes = 0;
  for (const change of write.changes) {
    const before = changes.at(-1)?.item.resourceVersion;
    const { resourceVersion } = change.item;
    if (bytes > 0 && before !== undefined && before !== resourceVersion) {
      if (bytes + change.item.bytes.length > sliceBytes) {
        parts.push(partOf(write, before, changes));
        changes = [];
        bytes = 0;
      }
    }
    changes.push(change);
    bytes += change.item.bytes.length;
  }
  return [...parts, { ...write, changes }];
}

/** A whole state and its past in segments: the objects as they were before the changes come first. */
export function* sliceState(
  items: readonly Item[],
  { told, changes }: Pick<Past, "told" | "changes">,
): Iterable<SegmentBuilder> {
  yield* segmentsOf(items, "the state", bytesOfItem, (builder, item) => builder.hold(item));
  yield* segmentsOf(told, "before the state", bytesOfEvent, (builder, event) => builder.log(event));
  yield* segmentsOf(changes, "the state", bytesOfEvent, (builder, event) => builder.log(event));
}

function* segmentsOf<Each>(
  all: readonly Each[],
  eventsOf: EventsOf,
  bytesOfEach: (each: Each) => number,
  put: (builder: SegmentBuilder, each: Each) => void,
): Iterable<SegmentBuilder> {
  let builder = new SegmentBuilder(eventsOf);
  for (const each of all) {
    if (!builder.isEmpty && builder.byteLength + bytesOfEach(each) > segmentBytes) {
      yield builder;
      builder = new SegmentBuilder(eventsOf);
    }
    put(builder, each);
  }
  if (!builder.isEmpty) yield builder;
}

function bytesOfItem({ bytes }: Item): number {
  return bytes.length;
}

function bytesOfEvent({ item }: ChangeEvent): number {
  return bytesOfItem(item);
}
