import type { Database } from "./database.ts";
import type { Answers } from "./pending-answers.ts";
import {
  checksumOfParts,
  partKey,
  partNames,
  partOwner,
  partsOf,
  writePart,
} from "./replay-parts.ts";
import {
  checksumOfAnswer,
  type KnownRow,
  readAnswer,
  readKnownRows,
  type ReplayAnswer,
} from "./replay-rows.ts";
import { breathe } from "./snapshot-room.ts";

/** An answer that is the same again is not written again sooner than this: only its time would be new. */
const rewriteMs = 60_000;
/** What one transaction removes, each row as so much at least: 3 ms (measured). */
const removedBytes = 2 << 20;
const rowBytes = 8 << 10;
const orphansAtOnce = 4;
const none = new Uint8Array(0);

interface Known extends Pick<KnownRow, "byteLength" | "checksum" | "parts"> {
  /** When upstream last gave it, and the same as it is on disk. */
  at: number;
  writtenAt: number;
}

/** Ready to be written; `answer` is undefined where what is there goes. */
interface Row {
  readonly key: string;
  readonly answer: ReplayAnswer | undefined;
  readonly head: string;
  readonly parts: readonly Uint8Array[];
  readonly checksum: number;
}

/** The answers in the file, as their one writer knows them. What throws leaves it unknown: it has to be read anew. */
export class ReplayTable {
  readonly #limitBytes: number;
  /** The least recently used first. */
  readonly #known = new Map<string, Known>();
  /** Keys of rows that belong to no answer any more. */
  #orphans: readonly string[];
  #byteLength = 0;

  constructor(rows: ReturnType<typeof readKnownRows>, limitBytes: number) {
    this.#limitBytes = limitBytes;
    this.#orphans = rows.orphans;
    for (const { key, at, checksum, byteLength, parts } of rows.answers) {
      this.#known.set(key, { byteLength, checksum, parts, at, writtenAt: at });
      this.#byteLength += byteLength;
    }
  }

  /** The bytes of all answers. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /** How many there are. */
  get size(): number {
    return this.#known.size;
  }

  get keys(): readonly string[] {
    return [...this.#known.keys()];
  }

  has(key: string): boolean {
    return this.#known.has(key);
  }

  /** The answer, which is the last used from here on; undefined where there is none, or it is damaged. */
  async read(db: Database, key: string): Promise<ReplayAnswer | undefined> {
    const entry = this.#known.get(key);
    if (entry === undefined) return undefined;
    this.#known.delete(key);
    this.#known.set(key, entry);
    return await readAnswer(db, { key, at: entry.at, parts: entry.parts });
  }

  /**
   * Writes these, or removes those without an answer; all rows in one transaction, before it the parts of large ones. Gives the
   * bytes that were written: of an answer that is there already none.
   */
  async write(db: Database, answers: Answers): Promise<number> {
    // Those left by a write that was not finished may be named as the ones to come.
    await this.#sweep(db);
    const rows: Row[] = [];
    for (const [key, answer] of answers) rows.push(await rowOf(key, answer));
    for (const row of rows) if (row.parts.length > 1) await this.#writeParts(db, row);
    let bytes = 0;
    db.transaction(() => {
      for (const row of rows) bytes += this.#put(db, row);
    });
    await breathe(db);
    await this.#sweep(db);
    return bytes;
  }

  /** Removes these answers. */
  async remove(db: Database, keys: readonly string[]): Promise<void> {
    let at = 0;
    while (at < keys.length) {
      db.transaction(() => {
        for (let bytes = 0; at < keys.length && bytes < removedBytes; at++)
          bytes += Math.max(rowBytes, this.#delete(db, keys[at] ?? ""));
      });
      await breathe(db);
    }
    await this.#sweep(db);
  }

  async #writeParts(db: Database, row: Row): Promise<void> {
    if (this.#known.get(row.key)?.checksum === row.checksum) return;
    for (const name of partNames(partOwner(row), row.parts.length)) {
      db.transaction(() => writePart(db, name, row.parts[name.index] ?? none));
      await breathe(db);
    }
  }

  #put(db: Database, row: Row): number {
    const { key, answer, head, parts, checksum } = row;
    const entry = this.#known.get(key);
    if (answer !== undefined && entry?.checksum === checksum) {
      touch(db, key, entry, answer.at);
      return 0;
    }
    this.#delete(db, key);
    if (answer === undefined) return 0;
    const { at, body } = answer;
    const byteLength = key.length + head.length + body.length;
    db.run(
      "INSERT INTO replay (key, at, checksum, head, body) VALUES (?, ?, ?, ?, ?)",
      key,
      at,
      checksum,
      head,
      parts[0] ?? body,
    );
    this.#known.set(key, { byteLength, checksum, parts: parts.length, at, writtenAt: at });
    this.#byteLength += byteLength;
    for (const oldest of this.#known.keys()) {
      if (this.#byteLength <= this.#limitBytes) break;
      this.#delete(db, oldest);
    }
    return byteLength;
  }

  /** Its parts wait for `#sweep`. Gives the bytes of the row. */
  #delete(db: Database, key: string): number {
    const entry = this.#known.get(key);
    if (entry === undefined) return 0;
    this.#known.delete(key);
    this.#byteLength -= entry.byteLength;
    const owner = partOwner({ key, checksum: entry.checksum });
    this.#orphans = [...this.#orphans, ...partNames(owner, entry.parts).map(partKey)];
    db.run("DELETE FROM replay WHERE key = ?", key);
    return entry.byteLength / entry.parts;
  }

  async #sweep(db: Database): Promise<void> {
    while (this.#orphans.length > 0) {
      const some = this.#orphans.slice(0, orphansAtOnce);
      db.transaction(() => {
        for (const key of some) db.run("DELETE FROM replay WHERE key = ?", key);
      });
      this.#orphans = this.#orphans.slice(some.length);
      await breathe(db);
    }
  }
}

async function rowOf(key: string, answer: ReplayAnswer | undefined): Promise<Row> {
  if (answer === undefined) return { key, answer, head: "", parts: [], checksum: 0 };
  const head = JSON.stringify(answer.head);
  const parts = partsOf(answer.body);
  const checksum = checksumOfAnswer(key, head, await checksumOfParts(parts));
  return { key, answer, head, parts, checksum };
}

/** The same answer given again has a new time; the disk need not know each. */
function touch(db: Database, key: string, entry: Known, at: number): void {
  entry.at = at;
  if (at - entry.writtenAt < rewriteMs) return;
  db.run("UPDATE replay SET at = ? WHERE key = ?", at, key);
  entry.writtenAt = at;
}
