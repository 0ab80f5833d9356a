// The body of a large answer lies in several rows, so that none takes long to write, to read or to remove: the first part in the
// answer's own, the others in rows that are named after it, written before it. Until it is there they are nobody's.
import type { Database } from "./database.ts";
import { maxRowBytes } from "./stored-shapes.ts";
import { turn } from "./turn.ts";

/** Written in 1 to 3 ms (measured), as a slice of a scope. */
const partBytes = 512 << 10;
const mark = "part ";

/** A row that is part of an answer. */
export interface PartName {
  readonly owner: string;
  readonly index: number;
}

/** What its parts are named after: another answer to the same request has other ones. */
export function partOwner({ key, checksum }: { key: string; checksum: number }): string {
  return `${checksum} ${key}`;
}

/** The body, cut. */
export function partsOf(body: Uint8Array): readonly Uint8Array[] {
  const count = Math.max(1, Math.ceil(body.length / partBytes));
  return Array.from({ length: count }, (_, index) =>
    body.subarray(index * partBytes, (index + 1) * partBytes),
  );
}

/** No answer has such a key: theirs are JSON. */
export function partKey({ owner, index }: PartName): string {
  return `${mark}${index} of ${owner}`;
}

/** undefined where the key is an answer's. */
export function parsePartKey(key: string): PartName | undefined {
  if (!key.startsWith(mark)) return undefined;
  const end = key.indexOf(" of ");
  return { owner: key.slice(end + " of ".length), index: Number(key.slice(mark.length, end)) };
}

/** The names of an answer's parts, but for the first. */
export function partNames(owner: string, count: number): readonly PartName[] {
  return Array.from({ length: count - 1 }, (_, at) => ({ owner, index: at + 1 }));
}

export function writePart(db: Database, name: PartName, body: Uint8Array): void {
  db.run(
    "INSERT OR REPLACE INTO replay (key, at, checksum, head, body) VALUES (?, 0, 0, '', ?)",
    partKey(name),
    body,
  );
}

/** The body that begins with this, the others' turn after each part. One that is not there is left out: the checksum tells. */
export async function readParts(
  db: Database,
  names: readonly PartName[],
  first: Uint8Array,
): Promise<readonly Uint8Array[]> {
  const parts = [first];
  for (const name of names) {
    await turn();
    const sql = `SELECT body FROM replay WHERE key = ? AND octet_length(body) <= ${maxRowBytes}`;
    const body = db.get<{ body: unknown }>(sql, partKey(name))?.body;
    if (body instanceof Uint8Array) parts.push(body);
  }
  return parts;
}

/** The checksum of a body, the others' turn after each part. */
export async function checksumOfParts(parts: readonly Uint8Array[]): Promise<number> {
  let checksum = 0;
  for (const part of parts) {
    checksum = Bun.hash.crc32(part, checksum);
    if (parts.length > 1) await turn();
  }
  return checksum;
}
