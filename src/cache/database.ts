// The only import of bun:sqlite: one file with a log before it (WAL), written by one process.
import { constants, Database as Sqlite, type SQLQueryBindings } from "bun:sqlite";
import { closeSync, constants as modes, fdatasync } from "node:fs";
import { promisify } from "node:util";

import { DamagedFileError } from "./disk-fault.ts";
import { frameBytes, pageBytes, requireFinite } from "./disk-pages.ts";
import { requireOurTables, schemaQuery, type SchemaRow } from "./disk-tables.ts";
import { HeldFile } from "./held-file.ts";
import { openOwn, withoutLinks } from "./own-files.ts";

const sync = promisify(fdatasync);

/** The log is folded into the file when it is this long: the copy of 1 MiB takes 5 ms, of 512 KiB 2 to 3, for 2 % more bytes written. */
const foldBytes = 1 << 19;

type Value = string | number | Uint8Array | null;

/**
 * A database file. What is committed survives a kill; a power cut gives the state of the last fold or a later one. No call
 * waits for the disk itself: the file is synced by a thread of the pool, between the two halves of a fold.
 */
export class Database {
  readonly path: string;
  readonly #sqlite: Sqlite;
  readonly #files: readonly HeldFile[];
  #bytesWritten = 0;
  #longestMs = 0;

  private constructor(path: string, sqlite: Sqlite, files: readonly HeldFile[]) {
    this.path = path;
    this.#sqlite = sqlite;
    this.#files = files;
  }

  /**
   * Opens the file for its one writer; it has to exist, empty or not. Throws SQLite's errors, and a DamagedFileError where it is
   * not one of ours: that is found before anything of it is used. The log's index is a file that all
   * who read share; on a full disk there may be no room for it: then it is in memory, and nobody else can read meanwhile
   * (sqlite.org/wal.html, "Use of WAL Without Shared-Memory").
   */
  static openWriter(path: string): Database {
    try {
      return Database.#openWriter(path, "NORMAL");
    } catch (error) {
      if (!lacksIndex(error)) throw error;
      return Database.#openWriter(path, "EXCLUSIVE");
    }
  }

  static #openWriter(path: string, locking: "NORMAL" | "EXCLUSIVE"): Database {
    const roots = requireFinite(path);
    const sqlite = openFile(path, "readwrite");
    try {
      sqlite.run(`PRAGMA locking_mode = ${locking}`);
      if (roots !== undefined) requireOurs(sqlite, roots);
      sqlite.run(`PRAGMA page_size = ${pageBytes}`);
      sqlite.run("PRAGMA journal_mode = WAL");
      sqlite.run("PRAGMA synchronous = OFF");
      sqlite.run("PRAGMA wal_autocheckpoint = 0");
      sqlite.run("PRAGMA cache_size = -512");
      sqlite.run("PRAGMA busy_timeout = 0");
      // The log is there as soon as something has been read or written in WAL mode.
      sqlite.run("BEGIN IMMEDIATE");
      sqlite.run("COMMIT");
      // Both stay open as long as the database: to close one would drop SQLite's locks on it (fcntl(2)).
      return new Database(path, sqlite, [new HeldFile(`${path}-wal`), new HeldFile(path)]);
    } catch (error) {
      sqlite.close();
      throw error;
    }
  }

  /**
   * Opens an empty file for a copy, which only this process uses until the copy is complete. A crash may lose all that was written,
   * until the file has been closed and synced. Throws SQLite's errors.
   */
  static openCopy(path: string): Database {
    const sqlite = openFile(path, "readwrite");
    try {
      sqlite.run("PRAGMA locking_mode = EXCLUSIVE");
      sqlite.run(`PRAGMA page_size = ${pageBytes}`);
      sqlite.run("PRAGMA journal_mode = OFF");
      sqlite.run("PRAGMA synchronous = OFF");
      sqlite.run("PRAGMA cache_size = -512");
      return new Database(path, sqlite, []);
    } catch (error) {
      sqlite.close();
      throw error;
    }
  }

  /**
   * Opens an existing file to read one consistent state of it, also while its writer is at work. Throws SQLite's errors, and a
   * DamagedFileError where it is not one of ours.
   */
  static openReader(path: string): Database {
    const sqlite = openFile(path, "readonly");
    try {
      sqlite.run("PRAGMA busy_timeout = 2000");
      sqlite.run("PRAGMA cache_size = -512");
      sqlite.run("BEGIN");
      if (requireOurs(sqlite) === "nothing written yet")
        throw new DamagedFileError("damaged", "nothing was written to it yet");
      return new Database(path, sqlite, []);
    } catch (error) {
      sqlite.close();
      throw error;
    }
  }

  /** Bytes given to the kernel to be written, pages and log. */
  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  /** The longest that one transaction or checkpoint has kept everything else waiting, in milliseconds. */
  get longestMs(): number {
    return this.#longestMs;
  }

  /** Rows inserted, changed and deleted since it was opened. */
  get changes(): number {
    return this.get<{ count: number }>("SELECT total_changes() AS count")?.count ?? 0;
  }

  run(sql: string, ...values: Value[]): void {
    this.#sqlite.query<unknown, SQLQueryBindings[]>(sql).run(...values);
  }

  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- a row's shape is known where its SQL is written
  get<Row>(sql: string, ...values: Value[]): Row | undefined {
    return this.#sqlite.query<Row, SQLQueryBindings[]>(sql).get(...values) ?? undefined;
  }

  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- a row's shape is known where its SQL is written
  all<Row>(sql: string, ...values: Value[]): readonly Row[] {
    return this.#sqlite.query<Row, SQLQueryBindings[]>(sql).all(...values);
  }

  /** All of it or, when it throws, nothing. */
  transaction<T>(work: () => T): T {
    return this.#timed(() => this.#sqlite.transaction(work).immediate());
  }

  /** What others have done to the file, or its log, under this process, in words; undefined where they have not. */
  harm(): string | undefined {
    // The file first: whoever reads one that was cut to nothing removes its log.
    for (const file of this.#files.toReversed()) {
      const harm = file.harm();
      if (harm !== undefined) return harm;
    }
    return undefined;
  }

  /** Throws a DamagedFileError where others have removed, replaced or cut the file or its log. */
  requireUnharmed(): void {
    const harm = this.harm();
    if (harm !== undefined) throw new DamagedFileError("damaged", harm);
  }

  /** Folds the log into the file when it has grown long, or always. Rejects with SQLite's errors, and a DamagedFileError. */
  async fold(when: "long" | "always"): Promise<void> {
    const [log, file] = this.#files;
    if (log === undefined || file === undefined) return;
    if (when === "long" && this.#checkpoint("NOOP").log * frameBytes < foldBytes) return;
    // The log has to be on the disk before the file is changed, and the file before the log is begun anew (sqlite.org/wal.html).
    await sync(log.descriptor);
    this.requireUnharmed();
    const { log: frames, checkpointed } = this.#checkpoint("PASSIVE");
    file.resized();
    await sync(file.descriptor);
    if (checkpointed < frames) return;
    this.#bytesWritten += frames * (frameBytes + pageBytes);
    // Begins the log anew in its place, with one frame. Until that is on the disk no other frame may follow: old ones behind an
    // old head would be taken for a log (sqlite.org/src/info/ff5be73dee). With the first frame replaced they never are.
    this.run("UPDATE log SET folds = folds + 1");
    await sync(log.descriptor);
  }

  /** What becomes of the bytes of rows that are deleted from here on: overwritten with zeros, which costs writes, or left. */
  setDeleted(become: "overwritten" | "left"): void {
    this.run(`PRAGMA secure_delete = ${become === "overwritten" ? "ON" : "OFF"}`);
  }

  /** Folds, and closes. */
  async close(): Promise<void> {
    try {
      await this.fold("always");
    } finally {
      this.abandon();
    }
  }

  /** Closes without a fold; what was committed stays in the log. */
  abandon(): void {
    this.#sqlite.close();
    for (const file of this.#files) file.close();
  }

  #checkpoint(mode: "PASSIVE" | "NOOP"): Checkpoint {
    const row = this.#timed(() => this.get<Checkpoint>(`PRAGMA wal_checkpoint(${mode})`));
    return row ?? { log: 0, checkpointed: 0 };
  }

  #timed<T>(work: () => T): T {
    const began = performance.now();
    try {
      return work();
    } finally {
      this.#longestMs = Math.max(this.#longestMs, performance.now() - began);
    }
  }
}

/**
 * Throws a DamagedFileError unless the file consists of what ours do, and of nothing else. What it says beside that, in triggers,
 * views, generated columns or checks, is read as text here and run by nothing before.
 */
function requireOurs(sqlite: Sqlite, roots?: readonly number[]): "written" | "nothing written yet" {
  const number = (name: string) =>
    Number(Object.values(sqlite.query<object, []>(`PRAGMA ${name}`).get() ?? [0])[0]);
  const head = {
    applicationId: number("application_id"),
    schemaVersion: number("user_version"),
  };
  const rows = sqlite.query<SchemaRow, []>(schemaQuery).all();
  requireOurTables(head, rows);
  if (roots !== undefined && ordered(roots) !== ordered(rows.map(({ rootpage }) => rootpage)))
    throw new DamagedFileError("damaged", "its schema is not where it was looked for");
  return rows.length > 0 ? "written" : "nothing written yet";
}

function ordered(pages: readonly number[]): string {
  return pages.toSorted((a, b) => a - b).join();
}

/** Follows no symbolic link (sqlite.org/c3ref/open.html). */
function openFile(path: string, access: "readwrite" | "readonly"): Sqlite {
  const { SQLITE_OPEN_READONLY, SQLITE_OPEN_READWRITE, SQLITE_OPEN_CREATE } = constants;
  const flags =
    access === "readonly" ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const sqlite = new Sqlite(withoutLinks(path), flags | constants.SQLITE_OPEN_NOFOLLOW);
  // Against what a file may have been made to do (sqlite.org/security.html, 1.1).
  sqlite.run("PRAGMA trusted_schema = OFF");
  sqlite.run("PRAGMA cell_size_check = ON");
  return sqlite;
}

/** Frames in the log, and how many of them are in the file as well. */
interface Checkpoint {
  readonly log: number;
  readonly checkpointed: number;
}

/** Whether there was no room for the log's index. */
function lacksIndex(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "SQLITE_IOERR_SHMSIZE";
}

/** Waits until what was written to a file, which is closed, is on the disk. Rejects with the system's errors. */
export async function syncFile(path: string): Promise<void> {
  const descriptor = openOwn(path, modes.O_RDONLY);
  try {
    await sync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** A lock on a file that ends with the process, however that ends. Throws SQLITE_BUSY while another holds it. */
export function lockFile(path: string): () => void {
  const sqlite = openFile(path, "readwrite");
  try {
    sqlite.run("PRAGMA busy_timeout = 0");
    sqlite.run("PRAGMA locking_mode = EXCLUSIVE");
    // Nothing is ever written, on a full disk neither.
    sqlite.run("PRAGMA journal_mode = MEMORY");
    sqlite.run("BEGIN EXCLUSIVE");
  } catch (error) {
    sqlite.close();
    throw error;
  }
  return () => sqlite.close();
}
