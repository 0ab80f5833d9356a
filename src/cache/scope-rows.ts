import type { ResourceVersion } from "../api/resource-version.ts";
import type { ListForm, TypeForm } from "../codec/codec.ts";
import type { Database } from "./database.ts";
import type { LostInterval } from "./lost-interval.ts";
import type { Manifest } from "./segment-index.ts";
import { checksumOf, parseHead, type SegmentHead, type SegmentParts } from "./segment.ts";
import {
  isCount,
  isListOf,
  isOneOf,
  isShapeOf,
  isSum,
  isText,
  isVersion,
  maxRowBytes,
  maxRows,
  orMissing,
  parseStored,
} from "./stored-shapes.ts";
import type { KnownPast } from "./watch-cache.ts";

/** What a scope is beside its objects. */
export interface ScopeState {
  readonly resourceVersion: ResourceVersion;
  readonly form: TypeForm;
  /** How its lists are written; undefined until one has been seen. */
  readonly listForm: ListForm | undefined;
  readonly lost: readonly LostInterval[];
}

/** The same as it lies in the row, with what has to fit to it; the segments hold the changes that it says are known. */
export interface StoredState extends ScopeState, KnownPast {
  /** When it was written, in milliseconds since 1970: it was true then. */
  readonly at: number;
  readonly manifest: Manifest;
}

export interface ScopeRow {
  readonly number: number;
  readonly name: string;
  /** Segments of another generation are not part of the state: they were given up, or are of one that was never finished. */
  readonly generation: number;
  /** undefined where the row is damaged. */
  readonly state: StoredState | undefined;
}

export interface SegmentPlace {
  readonly number: number;
  readonly scope: number;
  readonly generation: number;
  readonly byteLength: number;
}

interface RawScope {
  readonly number: number;
  readonly name: string;
  readonly generation: number;
  readonly state: string;
  readonly checksum: number;
}

export function readScopeRows(db: Database): readonly ScopeRow[] {
  const sql = `SELECT * FROM scope WHERE ${isSmall("name", "state")} LIMIT ${maxRows}`;
  return db.all<RawScope>(sql).map(toScopeRow);
}

export function readScopeRow(db: Database, name: string): ScopeRow | undefined {
  const raw = db.get<RawScope>("SELECT * FROM scope WHERE name = ?", name);
  return raw === undefined ? undefined : toScopeRow(raw);
}

function toScopeRow({ number, name, generation, state, checksum }: RawScope): ScopeRow {
  const isWhole = checksumOf(`${number} ${name} ${generation} ${state}`) === checksum;
  return { number, name, generation, state: isWhole ? parseState(state) : undefined };
}

const isForm = isShapeOf<TypeForm & ListForm>({
  kind: isText,
  apiVersion: isText,
  style: isOneOf("typed", "unstructured"),
});
const isState = isShapeOf<StoredState>({
  resourceVersion: isVersion,
  form: isForm,
  listForm: orMissing(isForm),
  lost: isListOf(isShapeOf<LostInterval>({ after: isVersion, before: isVersion })),
  since: isVersion,
  statesSince: isVersion,
  replayedTo: isVersion,
  at: isCount,
  manifest: isShapeOf<Manifest>({ segments: isCount, objects: isCount, checksum: isSum }),
});

function parseState(text: string): StoredState | undefined {
  const stored = parseStored(text, isState);
  return stored && { ...stored, listForm: stored.listForm };
}

export function writeScopeRow(
  db: Database,
  row: Pick<ScopeRow, "number" | "name" | "generation"> & { readonly state: StoredState },
): void {
  const { number, name, generation } = row;
  const state = JSON.stringify(row.state);
  db.run(
    "INSERT OR REPLACE INTO scope (number, name, generation, state, checksum) VALUES (?, ?, ?, ?, ?)",
    number,
    name,
    generation,
    state,
    checksumOf(`${number} ${name} ${generation} ${state}`),
  );
}

/** All segments, without reading them: their sizes are in their first bytes. */
export function readSegmentPlaces(db: Database): readonly SegmentPlace[] {
  return db.all<SegmentPlace>(
    `SELECT number, scope, generation, octet_length(head) + octet_length(body) AS byteLength
     FROM segment ORDER BY number LIMIT ${maxRows}`,
  );
}

/** Sizes are in the first bytes of a row: one that claims to be large is not read to find out. */
function isSmall(...columns: readonly string[]): string {
  return columns.map((column) => `octet_length(${column}) <= ${maxRowBytes}`).join(" AND ");
}

/** Whose a segment is. */
export type SegmentOwner = Pick<SegmentPlace, "number" | "scope" | "generation">;

/** Gives the checksum of the head and its place. */
export function writeSegment(db: Database, owner: SegmentOwner, parts: SegmentParts): number {
  const { number, scope, generation } = owner;
  const checksum = headChecksum(owner, parts.headText);
  db.run(
    "INSERT INTO segment (number, scope, generation, checksum, head, body) VALUES (?, ?, ?, ?, ?, ?)",
    number,
    scope,
    generation,
    checksum,
    parts.headText,
    parts.body,
  );
  return checksum;
}

/** A segment's head; undefined where it is damaged or gone. */
export function readHead(
  db: Database,
  owner: SegmentOwner,
): { readonly head: SegmentHead; readonly checksum: number } | undefined {
  const row = db.get<{ head: string; checksum: number }>(
    `SELECT head, checksum FROM segment WHERE number = ? AND ${isSmall("head")}`,
    owner.number,
  );
  if (row === undefined || headChecksum(owner, row.head) !== row.checksum) return undefined;
  const head = parseHead(row.head);
  return head && { head, checksum: row.checksum };
}

/** A segment's objects; undefined where it is gone, or larger than any that is written. */
export function readBody(db: Database, number: number): Uint8Array | undefined {
  const sql = `SELECT body FROM segment WHERE number = ? AND ${isSmall("body")}`;
  const body = db.get<{ body: unknown }>(sql, number)?.body;
  return body instanceof Uint8Array ? body : undefined;
}

function headChecksum({ number, scope, generation }: SegmentOwner, head: string): number {
  return checksumOf(`${number} ${scope} ${generation} ${head}`);
}
