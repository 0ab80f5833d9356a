import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
} from "node:fs";
import { join, resolve } from "node:path";

import { Database, lockFile, syncFile } from "./database.ts";
import { copyRows } from "./disk-copy.ts";
import { DamagedFileError, kindOfError, reasonOfError, remedyOf } from "./disk-fault.ts";
import { prepareSchema } from "./disk-schema.ts";
import {
  emptyOwn,
  RefusedFolderError,
  requireOwnFolder,
  touchOwn,
  whyForeign,
  whyNotReadable,
} from "./own-files.ts";

/** The names in the folder. */
const fileName = "cache.db";
const lockName = "cache.lock";
const probeName = "cache.db-probe";
const copyName = "cache.db-copy";
const goneName = "cache.db-gone";
const badMark = ".bad-";
/** The files that hold what is stored. */
const databaseSuffixes = ["-wal", ""] as const;
/** The files that SQLite reads beside a database. */
const besideSuffixes = ["-journal", "-wal", "-shm"] as const;
/** Enough to look at what happened, too few to fill a disk. */
const maxSetAside = 2;

/** The database's file in this folder. */
export function databasePath(folder: string): string {
  return join(folder, fileName);
}

/**
 * Makes the folder where it is missing (0700) and takes it for this process; gives the function that lets go of it. Throws the
 * system's and SQLite's errors, SQLITE_BUSY where another process has it, and a RefusedFolderError where others may write to it.
 */
export function takeFolder(path: string): () => void {
  // A slash at the end would lead through a symbolic link.
  const folder = resolve(path);
  if (lstatSync(folder, { throwIfNoEntry: false }) === undefined)
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  requireOwnFolder(folder);
  if ((lstatSync(folder).mode & 0o777) !== 0o700) chmodSync(folder, 0o700);
  for (const name of namesIn(folder))
    if (lstatSync(join(folder, name)).isDirectory())
      throw new RefusedFolderError(`${name} in it is a folder`, "remove that");
  const lock = join(folder, lockName);
  // Nothing is ever written to it, and what others have written is not read.
  emptyOwn(lock);
  for (const suffix of besideSuffixes) rmSync(`${lock}${suffix}`, { force: true });
  const letGo = lockFile(lock);
  try {
    removeForeign(folder);
    return letGo;
  } catch (error) {
    letGo();
    throw error;
  }
}

/**
 * Removes files that another user may have put there or written: the names, never what links lead to. The database is left to
 * `openDatabase`. A rollback journal always goes: there is one only while a file is begun, and SQLite deletes the file
 * that it names (sqlite.org/atomiccommit.html, 5.0).
 */
function removeForeign(folder: string): void {
  const path = databasePath(folder);
  rmSync(`${path}-journal`, { force: true });
  for (const name of namesIn(folder)) {
    const other = join(folder, name);
    if (!databaseSuffixes.some((suffix) => other === `${path}${suffix}`) && whyForeign(other))
      rmSync(other);
  }
}

/** Throws a DamagedFileError where others may have written the database or its log; what is not set aside then is removed. */
function requireOwnDatabase(folder: string): void {
  for (const suffix of databaseSuffixes) {
    const path = `${databasePath(folder)}${suffix}`;
    const why = whyForeign(path);
    if (why === undefined) continue;
    rmSync(path);
    throw new DamagedFileError("damaged", why);
  }
}

/** Whether there is a file, empty or not. */
export function hasDatabase(folder: string): boolean {
  return sizeOf(databasePath(folder)) !== undefined;
}

function sizeOf(path: string): number | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.size;
}

/** Whether nothing is stored in the folder, damaged or not; what was set aside does not count. */
export function isVacant(folder: string): boolean {
  return !hasDatabase(folder) && logBytesIn(folder) === 0;
}

function logBytesIn(folder: string): number {
  return sizeOf(`${databasePath(folder)}-wal`) ?? 0;
}

/**
 * Throws a DamagedFileError where the file is gone or empty: SQLite takes its log for that of another file then, removes it, and
 * shows an empty store without a word.
 */
export function requireFile(folder: string): void {
  for (const suffix of ["", "-wal"]) {
    const why = whyNotReadable(`${databasePath(folder)}${suffix}`);
    if (why !== undefined) throw new DamagedFileError("damaged", why);
  }
  const bytes = sizeOf(databasePath(folder));
  if (bytes !== undefined && bytes > 0) return;
  const what = bytes === undefined ? "it is gone" : "it is empty";
  const log = logBytesIn(folder) > 0 ? ", and its log is not" : "";
  throw new DamagedFileError("damaged", `${what}${log}`);
}

/** Opens the folder's database, an empty one where there is none. Throws; a DamagedFileError or SQLite's where it has to be set aside. */
export function openDatabase(folder: string): Database {
  if (isErasureDue(folder)) eraseDatabase(folder);
  requireOwnDatabase(folder);
  if (isVacant(folder)) return createDatabase(folder, () => undefined);
  requireFile(folder);
  const path = databasePath(folder);
  touchOwn(path);
  return prepared(Database.openWriter(path), () => undefined);
}

/** Makes the folder's database, with what is to be in it first. Where that throws there is none afterwards. */
export function createDatabase(folder: string, begin: (db: Database) => void): Database {
  const path = databasePath(folder);
  try {
    touchOwn(path);
    return prepared(Database.openWriter(path), begin);
  } catch (error) {
    for (const suffix of ["-shm", "-wal", ""]) rmSync(`${path}${suffix}`, { force: true });
    throw error;
  }
}

/** Whether the database has to be written anew: somebody was about to, and was not done. */
export function isRewriteDue(folder: string): boolean {
  return sizeOf(join(folder, copyName)) !== undefined;
}

/** From here on it is so, also after a kill, until it is done. */
export function makeRewriteDue(folder: string): void {
  const copy = join(folder, copyName);
  emptyOwn(copy);
  for (const suffix of besideSuffixes) rmSync(`${copy}${suffix}`, { force: true });
}

/**
 * Writes the folder's database anew, without the bytes of deleted rows: they lie in the file and its log until others take their
 * place. What was set aside goes too, it may hold the same. `db`, to which nobody else writes meanwhile, is closed then. Where
 * this rejects before, all is as it was, and it is due.
 */
export async function rewriteDatabase(
  folder: string,
  db: Database,
): Promise<{ readonly rewritten: Database; readonly bytesCopied: number }> {
  const path = databasePath(folder);
  const copy = join(folder, copyName);
  makeRewriteDue(folder);
  try {
    await writeCopy(db, copy);
  } catch (error) {
    makeRewriteDue(folder);
    throw error;
  }
  await db.close();
  for (const suffix of ["-shm", "-wal"]) rmSync(`${path}${suffix}`, { force: true });
  const bytesCopied = sizeOf(copy) ?? 0;
  renameSync(copy, path);
  for (const name of namesIn(folder))
    if (name.startsWith(`${fileName}${badMark}`)) rmSync(join(folder, name), { force: true });
  return { rewritten: prepared(Database.openWriter(path), () => undefined), bytesCopied };
}

async function writeCopy(db: Database, path: string): Promise<void> {
  const copy = prepared(Database.openCopy(path), () => undefined);
  try {
    await copyRows(db, copy);
  } finally {
    copy.abandon();
  }
  await syncFile(path);
}

/** Whether an erasure was begun and not done. */
function isErasureDue(folder: string): boolean {
  return sizeOf(join(folder, goneName)) !== undefined;
}

/**
 * Removes all that is stored in the folder, the database under another name first and its log after it: a kill at any moment
 * leaves all as it was, or what the next start removes. The database is closed. Throws the system's errors.
 */
export function eraseDatabase(folder: string): void {
  const gone = join(folder, goneName);
  if (hasDatabase(folder)) renameSync(databasePath(folder), gone);
  for (const name of namesIn(folder))
    if (name !== goneName) rmSync(join(folder, name), { force: true });
  rmSync(gone, { force: true });
}

function prepared(db: Database, begin: (db: Database) => void): Database {
  try {
    prepareSchema(db);
    begin(db);
    return db;
  } catch (error) {
    db.abandon();
    throw error;
  }
}

/** Gives the file, and its log, another name, and removes all but the latest that were set aside so; the name it has then, undefined where there was nothing. */
export function setAside(folder: string, now: number): string | undefined {
  const stamp = new Date(now).toISOString().replaceAll(/[-:]/g, "");
  const path = databasePath(folder);
  const bad = `${path}${badMark}${stamp}`;
  rmSync(`${path}-shm`, { force: true });
  const found = ["-wal", ""].filter((suffix) => sizeOf(`${path}${suffix}`) !== undefined);
  if (found.length === 0) return undefined;
  for (const suffix of found) renameSync(`${path}${suffix}`, `${bad}${suffix}`);
  const names = readdirSync(folder).filter((name) => name.startsWith(`${fileName}${badMark}`));
  const stamps = new Set(names.map((name) => name.replace(/-(wal|shm)$/, "")));
  for (const old of [...stamps].toSorted().slice(0, -maxSetAside))
    for (const suffix of ["-wal", "-shm", ""])
      rmSync(join(folder, `${old}${suffix}`), { force: true });
  return bad;
}

/** Removes all that is stored in the folder, whatever it is, and what was set aside; whether there was anything. Throws one line where it may not, or another process has it. */
export function removeDatabase(folder: string): boolean {
  if (namesIn(folder).length === 0) return false;
  let letGo: () => void;
  try {
    letGo = takeFolder(folder);
  } catch (error) {
    const why = kindOfError(error) === "locked" ? "another process uses it" : reasonOfError(error);
    const { remedy } = remedyOf(error);
    const what = remedy === undefined ? why : `${why}; ${remedy}`;
    throw new Error(`${folder}: ${what}`, { cause: error });
  }
  for (const name of namesIn(folder)) rmSync(join(folder, name), { force: true });
  letGo();
  return true;
}

/** Of all files of the store, but for the lock. */
function namesIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter((name) => name.startsWith(fileName));
}

/**
 * What the system says when the folder and its file are to be written, undefined where they can: SQLite tells of a disk that
 * has become read-only only that a write failed. The file itself is not opened: to close it would drop SQLite's locks on it (fcntl(2)).
 */
export function whyNotWritable(folder: string): unknown {
  const probe = join(folder, probeName);
  try {
    accessSync(databasePath(folder), constants.W_OK);
    touchOwn(probe);
    rmSync(probe);
    return undefined;
  } catch (error) {
    return error;
  }
}
