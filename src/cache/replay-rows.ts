import type { Database } from "./database.ts";
import {
  checksumOfParts,
  parsePartKey,
  partKey,
  type PartName,
  partNames,
  partOwner,
  readParts,
} from "./replay-parts.ts";
import { checksumOf } from "./segment.ts";
import {
  isListOf,
  isRecordOf,
  isShapeOf,
  isText,
  maxRowBytes,
  maxRows,
  parseStored,
} from "./stored-shapes.ts";

/** What an answer is kept under: all that it can depend on, but for the headers that its `Vary` names. */
export interface ReplayRequest {
  /** Who asked: one text per identity. */
  readonly identity: string;
  readonly method: string;
  readonly path: string;
  /** In one form for all that are answered alike, without `?`. */
  readonly query: string;
  /** The form of the answer, likewise. */
  readonly accept: string;
  /** The value of any other header that the answer's `Vary` names, lower case; empty where there is none. */
  readonly header: (name: string) => string;
}

/** The head of an answer: what is worth telling again, and which headers it varies by. */
export interface ReplayHead {
  readonly headers: Readonly<Record<string, string>>;
  /** Lower case, sorted, without `accept`: that is always part of the key. */
  readonly vary: readonly string[];
}

/** An answer of status 200 that was given before. */
export interface ReplayAnswer {
  readonly head: ReplayHead;
  readonly body: Uint8Array;
  /** When upstream gave it, in milliseconds since 1970. */
  readonly at: number;
}

/** What is known of an answer without reading it; of how many parts its body is. */
export interface KnownRow {
  readonly key: string;
  readonly at: number;
  readonly checksum: number;
  readonly head: string;
  readonly byteLength: number;
  readonly parts: number;
}

/** All answers, the first written first, and the parts of such as were never finished, or given up. */
export interface KnownRows {
  readonly answers: readonly KnownRow[];
  readonly orphans: readonly string[];
}

/** The request without the headers that answers vary by. */
export function baseOf({ identity, method, path, query, accept }: ReplayRequest): string {
  return JSON.stringify([identity, method, path, query, accept]);
}

/** The request without its varying headers, then those, one line each. */
export function keyOf(base: string, { header }: ReplayRequest, vary: readonly string[]): string {
  return [base, ...vary.map((name) => JSON.stringify([name, header(name)]))].join("\n");
}

/** The request that the key begins with. */
export function baseOfKey(key: string): string {
  return key.split("\n", 1)[0] ?? "";
}

/** The path of the request that the key is of; empty where the key is none. */
export function pathOfKey(key: string): string {
  try {
    const parts: unknown = JSON.parse(baseOfKey(key));
    return Array.isArray(parts) ? String(parts[2]) : "";
  } catch {
    return "";
  }
}

const isHead = isShapeOf<ReplayHead>({ headers: isRecordOf(isText), vary: isListOf(isText) });

/** undefined where the head is damaged. */
export function varyOf(head: string): readonly string[] | undefined {
  return parseStored(head, isHead)?.vary;
}

/** undefined where it is none that an answer can have. */
function parseHead(text: string): ReplayHead | undefined {
  const head = parseStored(text, isHead);
  try {
    return head && new Headers({ ...head.headers }) && head;
  } catch {
    return undefined;
  }
}

/** The answer of this key; undefined where there is none, or it is not what was written. Never blocks for long. */
export async function readAnswer(
  db: Database,
  { key, at, parts }: Pick<KnownRow, "key" | "at" | "parts">,
): Promise<ReplayAnswer | undefined> {
  const row = db.get<{ head: string; body: Uint8Array; checksum: number }>(
    `SELECT head, body, checksum FROM replay WHERE key = ? AND octet_length(body) <= ${maxRowBytes}`,
    key,
  );
  if (!(row?.body instanceof Uint8Array)) return undefined;
  const bodies = await readParts(
    db,
    partNames(partOwner({ key, checksum: row.checksum }), parts),
    row.body,
  );
  const checksum = checksumOfAnswer(key, row.head, await checksumOfParts(bodies));
  if (checksum !== row.checksum) return undefined;
  const head = parseHead(row.head);
  return head && { head, body: parts === 1 ? row.body : Buffer.concat(bodies), at };
}

/** The requests whose answers are not what was written. */
export async function damagedAnswers(db: Database): Promise<readonly string[]> {
  const damaged: string[] = [];
  for (const row of readKnownRows(db).answers)
    if ((await readAnswer(db, row)) === undefined) damaged.push(row.key);
  return damaged;
}

/** Of all that a row says, and its parts. */
export function checksumOfAnswer(key: string, head: string, bodyChecksum: number): number {
  return checksumOf(`${bodyChecksum} ${head} ${key}`);
}

/** All without their bodies. */
export function readKnownRows(db: Database): KnownRows {
  const rows = db.all<Omit<KnownRow, "parts">>(
    `SELECT key, at, checksum, head,
       octet_length(key) + octet_length(head) + octet_length(body) AS byteLength
     FROM replay WHERE octet_length(key) <= ${maxRowBytes} AND octet_length(head) <= ${maxRowBytes}
     ORDER BY number LIMIT ${maxRows}`,
  );
  const answers = new Map<string, KnownRow>();
  const parts: (PartName & { readonly byteLength: number })[] = [];
  for (const row of rows) {
    if (!isText(row.key) || !isText(row.head)) continue;
    const name = parsePartKey(row.key);
    if (name === undefined) answers.set(partOwner(row), { ...row, parts: 1 });
    else parts.push({ ...name, byteLength: row.byteLength });
  }
  const orphans: string[] = [];
  for (const { owner, index, byteLength } of parts) {
    const answer = answers.get(owner);
    // No name says more than there are rows.
    if (answer === undefined || !(index <= parts.length)) orphans.push(partKey({ owner, index }));
    else
      answers.set(owner, {
        ...answer,
        byteLength: answer.byteLength + byteLength,
        parts: Math.max(answer.parts, index + 1),
      });
  }
  return { answers: [...answers.values()], orphans };
}
