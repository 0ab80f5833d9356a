import type { Item } from "../api/item.ts";
import type { ObjectKey } from "../api/object-key.ts";
import type { ResourceVersion } from "../api/resource-version.ts";
import type { ChangeEvent } from "../api/watch-event.ts";
import {
  isCount,
  isListOf,
  isOneOf,
  isText,
  isVersion,
  parseStored,
  type Shape,
} from "./stored-shapes.ts";

/**
 * What a record says of its key. `held`: the object is this. `added`, `modified`, `deleted`: it became so by an event of the
 * history; `deleted` carries the last content. `gone`: it is not there, whatever older segments say.
 */
export type RecordKind = "held" | "added" | "modified" | "deleted" | "gone";

/** One object in a segment; its bytes are the next `length` of the body. */
export interface SegmentRecord {
  readonly kind: RecordKind;
  readonly key: ObjectKey;
  readonly resourceVersion: ResourceVersion;
  /** The resourceVersion of what an event changed; undefined where it changed nothing that was there. */
  readonly previous: ResourceVersion | undefined;
  readonly length: number;
  readonly checksum: number;
}

/** Whether events lead to the state, or tell of what had become of objects before it and change none of them. */
export type EventsOf = "the state" | "before the state";

/** Objects that were written together, at that time in milliseconds since 1970. */
export interface SegmentHead {
  readonly at: number;
  readonly eventsOf: EventsOf;
  readonly records: readonly SegmentRecord[];
}

/** A segment as it lies in the file. */
export interface SegmentParts {
  readonly head: SegmentHead;
  readonly headText: string;
  readonly body: Uint8Array;
}

/** Before the first object, so that views into the body tell by their offset that they are views (slab.ts). */
export const bodyOffset = 8;

export function checksumOf(bytes: Uint8Array | string): number {
  return Bun.hash.crc32(bytes);
}

/** Puts records together. */
export class SegmentBuilder {
  readonly #eventsOf: EventsOf;
  readonly #records: SegmentRecord[] = [];
  readonly #pieces: Uint8Array[] = [];
  #byteLength = bodyOffset;

  constructor(eventsOf: EventsOf = "the state") {
    this.#eventsOf = eventsOf;
  }

  get byteLength(): number {
    return this.#byteLength;
  }

  get isEmpty(): boolean {
    return this.#records.length === 0;
  }

  hold({ key, resourceVersion, bytes }: Item): void {
    const { length } = bytes;
    const checksum = checksumOf(bytes);
    this.add({ kind: "held", key, resourceVersion, previous: undefined, length, checksum }, bytes);
  }

  log({ type, item, previous }: ChangeEvent): void {
    const { key, resourceVersion, bytes } = item;
    const { length } = bytes;
    const checksum = checksumOf(bytes);
    const kind = kindOfEvent[type];
    const before = previous?.resourceVersion;
    this.add({ kind, key, resourceVersion, previous: before, length, checksum }, bytes);
  }

  /** A record as it is, its checksum not computed anew: what was damaged stays so. */
  add(record: SegmentRecord, bytes: Uint8Array): void {
    this.#records.push(record);
    this.#pieces.push(bytes);
    this.#byteLength += bytes.length;
  }

  finish(at: number): SegmentParts {
    const body = new Uint8Array(this.#byteLength);
    let end = bodyOffset;
    for (const piece of this.#pieces) {
      body.set(piece, end);
      end += piece.length;
    }
    const head = { at, eventsOf: this.#eventsOf, records: this.#records };
    return { head, headText: formatHead(head), body };
  }
}

const kindOfEvent = { ADDED: "added", MODIFIED: "modified", DELETED: "deleted" } as const;

/** As tuples: the names of the members would be a third of a small segment. */
function formatHead({ at, eventsOf, records }: SegmentHead): string {
  return JSON.stringify([
    at,
    records.map((each) => [
      each.kind,
      each.key,
      each.resourceVersion,
      each.previous ?? "",
      each.length,
      each.checksum,
    ]),
    eventsOf,
  ]);
}

type RecordTuple = [RecordKind, ObjectKey, ResourceVersion, ResourceVersion | "", number, number];

const isKind = isOneOf<RecordKind>("held", "added", "modified", "deleted", "gone");
const isTuple: Shape<RecordTuple> = (value): value is RecordTuple => {
  if (!Array.isArray(value)) return false;
  const [kind, key, version, previous, length, checksum]: unknown[] = value;
  return (
    isKind(kind) &&
    isText(key) &&
    isVersion(version) &&
    (previous === "" || isVersion(previous)) &&
    isCount(length) &&
    isCount(checksum)
  );
};
const isTuples = isListOf(isTuple);
const isEventsOf = isOneOf<EventsOf>("the state", "before the state");
const isHead: Shape<[number, readonly RecordTuple[], EventsOf]> = (
  value,
): value is [number, readonly RecordTuple[], EventsOf] =>
  Array.isArray(value) && isCount(value[0]) && isTuples(value[1]) && isEventsOf(value[2]);

/** Reads what `formatHead` wrote; undefined where it is something else. */
export function parseHead(text: string): SegmentHead | undefined {
  const parsed = parseStored(text, isHead);
  if (parsed === undefined) return undefined;
  const [at, tuples, eventsOf] = parsed;
  const records = tuples.map(([kind, key, resourceVersion, previous, length, checksum]) => ({
    kind,
    key,
    resourceVersion,
    previous: previous === "" ? undefined : previous,
    length,
    checksum,
  }));
  return { at, eventsOf, records };
}

/** Whether the record is an event of the history. */
export function isEvent({ kind }: SegmentRecord): boolean {
  return kind === "added" || kind === "modified" || kind === "deleted";
}

/** Whether the object is there after it. */
export function isThere({ kind }: SegmentRecord): boolean {
  return kind !== "deleted" && kind !== "gone";
}
