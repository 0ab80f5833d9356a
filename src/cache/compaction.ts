import { newerResourceVersion, type ResourceVersion } from "../api/resource-version.ts";
import type { Database } from "./database.ts";
import { DamagedFileError } from "./disk-fault.ts";
import { readBody, readHead, type SegmentOwner } from "./scope-rows.ts";
import type { SegmentIndex } from "./segment-index.ts";
import { bodyOffset, isThere, SegmentBuilder, type SegmentHead } from "./segment.ts";

/** Whose segments they are. */
export type Generation = Pick<SegmentOwner, "scope" | "generation">;

/** What was moved, and where the history begins after it; undefined when that is where it began before. */
export interface Compacted {
  readonly builder: SegmentBuilder;
  readonly since: ResourceVersion | undefined;
}

/**
 * Takes mostly overtaken segments out of the file and of the index, inside the caller's transaction: what of them still counts
 * comes back as one segment, to be written as the newest. undefined when it does not pay.
 */
export function compact(
  db: Database,
  owner: Generation,
  index: SegmentIndex,
  now: number,
): Compacted | undefined {
  const victims = index.victims(now);
  if (victims.length === 0) return undefined;
  const read = victims.map(({ number, liveBytes }) =>
    readVictim(db, { ...owner, number }, liveBytes),
  );
  const builder = new SegmentBuilder();
  const tombstones: (() => void)[] = [];
  for (const { number, head, body } of read) {
    let offset = bodyOffset;
    for (const [position, record] of head.records.entries()) {
      const bytes = body.subarray(offset, offset + record.length);
      offset += record.length;
      if (!index.counts(number, position, record.key)) continue;
      if (isThere(record)) builder.add({ ...record, kind: "held", previous: undefined }, bytes);
      else
        tombstones.push(() => {
          if (index.has(record.key)) builder.add({ ...record, ...gone }, none);
        });
    }
  }
  for (const { number, head } of read) {
    index.remove(number, head);
    db.run("DELETE FROM segment WHERE number = ?", number);
  }
  for (const keep of tombstones) keep();
  return { builder, since: newest(victims.map(({ lastEvent }) => lastEvent)) };
}

const none = new Uint8Array(0);
const gone = { kind: "gone", previous: undefined, length: 0, checksum: 0 } as const;

interface Victim {
  readonly number: number;
  readonly head: SegmentHead;
  readonly body: Uint8Array;
}

/** A head that is damaged now would leave the scope without what it held: the file has to be begun anew. */
function readVictim(db: Database, owner: SegmentOwner, liveBytes: number): Victim {
  const { number } = owner;
  const read = readHead(db, owner);
  const body = liveBytes === 0 ? none : readBody(db, number);
  if (read === undefined || !(body instanceof Uint8Array))
    throw new DamagedFileError("damaged", `segment ${number} is damaged`);
  return { number, head: read.head, body };
}

function newest(versions: readonly (ResourceVersion | undefined)[]): ResourceVersion | undefined {
  return versions.reduce(newerResourceVersion, undefined);
}
