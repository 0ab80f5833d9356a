import type { ObjectKey } from "../api/object-key.ts";
import type { ResourceVersion } from "../api/resource-version.ts";
import { column, SegmentEntries } from "./segment-entries.ts";
import { isEvent, isThere, type SegmentHead, type SegmentRecord } from "./segment.ts";

/** A segment, and what of it still counts. */
interface Segment {
  readonly number: number;
  readonly at: number;
  readonly byteLength: number;
  readonly checksum: number;
  readonly eventCount: number;
  readonly lastEvent: ResourceVersion | undefined;
  /** Bytes of objects that are the newest of their key. */
  liveBytes: number;
  /** When the latest of its objects was overtaken. */
  overtakenAt: number;
}

/** What the scope's row says of its segments: a state that has other ones is damaged. */
export interface Manifest {
  readonly segments: number;
  readonly objects: number;
  readonly checksum: number;
}

/** How much of the past the disk keeps for watches that resume. */
const historyMs = 75_000;
const historyBytes = 32 << 20;
const historyEvents = 10_000;
/** So much may be overtaken in any case; past it, as much as still counts. */
const slackBytes = 4 << 20;
const smallBytes = 32 << 10;
const maxSmall = 128;
const smallAtOnce = 64;
/** What is fuller than this is not worth to be written again. */
const maxLiveShare = 0.75;
/** One compaction, what it reads and what it moves: done in 3 ms (measured). */
const maxReadBytes = 1 << 20;
const maxMovedBytes = 128 << 10;
const maxVictims = 6;

/**
 * Which segments a scope has and where the newest record of each key lies, for the writer. A segment is never changed: what
 * is overtaken stays until the segment, mostly empty by then, is written anew without it.
 */
export class SegmentIndex {
  readonly #segments = new Map<number, Segment>();
  readonly #entries = new SegmentEntries();
  #objects = 0;
  #checksum = 0;
  #byteLength = 0;
  #liveBytes = 0;

  get manifest(): Manifest {
    return { segments: this.#segments.size, objects: this.#objects, checksum: this.#checksum };
  }

  get byteLength(): number {
    return this.#byteLength;
  }

  /** The segments, oldest first. */
  get segments(): Iterable<Pick<Segment, "number" | "byteLength">> {
    return this.#segments.values();
  }

  /** Takes the next segment in; its records are newer than all there are. */
  add(number: number, head: SegmentHead, byteLength: number, checksum: number): void {
    const { at, eventsOf, records } = head;
    const events = records.filter(isEvent);
    const lastEvent = events.at(-1)?.resourceVersion;
    const segment: Segment = {
      number,
      at,
      byteLength,
      checksum,
      eventCount: events.length,
      lastEvent,
      liveBytes: 0,
      overtakenAt: 0,
    };
    this.#segments.set(number, segment);
    this.#checksum ^= checksum;
    this.#byteLength += byteLength;
    if (eventsOf === "before the state") return;
    for (const [position, record] of records.entries()) {
      const row = this.#overtake(record.key, at);
      this.#set(row, number, position, record);
      if (isThere(record)) {
        this.#objects++;
        segment.liveBytes += record.length;
        this.#liveBytes += record.length;
      } else if (this.#entries.get(row, column.copies) === 0) this.#entries.delete(record.key);
    }
  }

  /** Takes a segment out. What of it still counts has to be added anew before the manifest is read. */
  remove(number: number, { eventsOf, records }: SegmentHead): void {
    const segment = this.#segments.get(number);
    if (segment === undefined) return;
    this.#segments.delete(number);
    this.#checksum ^= segment.checksum;
    this.#byteLength -= segment.byteLength;
    this.#liveBytes -= segment.liveBytes;
    if (eventsOf === "before the state") return;
    for (const record of records) {
      const row = this.#entries.rowOf(record.key);
      if (row === undefined || !isThere(record)) continue;
      const copies = this.#entries.get(row, column.copies) - 1;
      this.#entries.set(row, column.copies, copies);
      if (this.#entries.get(row, column.isThere) === 0 && copies === 0)
        this.#entries.delete(record.key);
    }
  }

  /** Whether this record is the newest of its key, and says something that older ones do not. */
  counts(number: number, position: number, key: ObjectKey): boolean {
    const row = this.#entries.rowOf(key);
    if (row === undefined || this.#entries.get(row, column.segment) !== number) return false;
    return this.#entries.get(row, column.position) === position;
  }

  has(key: ObjectKey): boolean {
    return this.#entries.has(key);
  }

  /** The segments that pay to be written anew now; none most of the time. */
  victims(now: number): readonly Pick<Segment, "number" | "lastEvent" | "liveBytes">[] {
    const isWasteful = this.#byteLength - this.#liveBytes > this.#liveBytes + slackBytes;
    if (!isWasteful && this.#segments.size <= maxSmall) return [];
    const horizon = this.#horizon(now);
    const past = [...this.#segments.values()].filter(
      (each) => each.overtakenAt <= horizon && (each.eventCount === 0 || each.at <= horizon),
    );
    const small = past.filter((each) => each.byteLength < smallBytes);
    if (small.length > maxSmall) return atOnce(small.slice(0, smallAtOnce));
    if (!isWasteful) return [];
    const emptiest = past
      .filter((each) => each.liveBytes < each.byteLength * maxLiveShare)
      .toSorted((a, b) => a.liveBytes / a.byteLength - b.liveBytes / b.byteLength);
    return atOnce(emptiest.slice(0, maxVictims));
  }

  #set(row: number, number: number, position: number, record: SegmentRecord): void {
    const entries = this.#entries;
    entries.set(row, column.segment, number);
    entries.set(row, column.position, position);
    entries.set(row, column.isThere, isThere(record) ? 1 : 0);
    if (!isThere(record)) return;
    entries.set(row, column.length, record.length);
    entries.set(row, column.copies, entries.get(row, column.copies) + 1);
  }

  /** The key's row, what it said before no longer counted. */
  #overtake(key: ObjectKey, at: number): number {
    const entries = this.#entries;
    const row = entries.rowOf(key);
    if (row === undefined) return entries.add(key);
    if (entries.get(row, column.isThere) === 0) return row;
    this.#objects--;
    const segment = this.#segments.get(entries.get(row, column.segment));
    if (segment === undefined) return row;
    const length = entries.get(row, column.length);
    segment.liveBytes -= length;
    this.#liveBytes -= length;
    segment.overtakenAt = Math.max(segment.overtakenAt, at);
    return row;
  }

  /** What was written or overtaken later than this is needed by watches that resume. */
  #horizon(now: number): number {
    let bytes = 0;
    let events = 0;
    for (const segment of [...this.#segments.values()].toReversed()) {
      if (segment.eventCount === 0) continue;
      bytes += segment.byteLength;
      events += segment.eventCount;
      if (bytes > historyBytes || events > historyEvents)
        return Math.max(segment.at, now - historyMs);
    }
    return now - historyMs;
  }
}

/** As many of them as one compaction takes; one at least, however large. */
function atOnce(segments: readonly Segment[]): readonly Segment[] {
  let moved = 0;
  let read = 0;
  return segments.filter((each, index) => {
    moved += each.liveBytes;
    read += each.byteLength;
    return index === 0 || (moved <= maxMovedBytes && read <= maxReadBytes);
  });
}
