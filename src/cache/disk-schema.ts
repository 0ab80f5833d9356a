import type { Database } from "./database.ts";
import { DamagedFileError, kindOfError } from "./disk-fault.ts";

/** "edge" in ASCII; tells our files from others (sqlite.org/pragma.html#pragma_application_id). */
const applicationId = 0x65646765;
/** Raised whenever what lies in the tables is written otherwise. */
const schemaVersion = 2;

const tables = [
  // One row in a page of its own, which `Database.fold` writes to begin the log anew.
  "CREATE TABLE log (folds INTEGER NOT NULL)",
  "INSERT INTO log VALUES (0)",
  `CREATE TABLE scope (
    number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, generation INTEGER NOT NULL,
    state TEXT NOT NULL, checksum INTEGER NOT NULL)`,
  // The number rises with every segment ever written: their order is the order in which they were.
  `CREATE TABLE segment (
    number INTEGER PRIMARY KEY, scope INTEGER NOT NULL, generation INTEGER NOT NULL,
    checksum INTEGER NOT NULL, head TEXT NOT NULL, body BLOB NOT NULL)`,
  `CREATE TABLE replay (
    number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, at INTEGER NOT NULL,
    checksum INTEGER NOT NULL, head TEXT NOT NULL, body BLOB NOT NULL)`,
  // At most one row: whose all the rest is.
  "CREATE TABLE owner (key TEXT NOT NULL, state TEXT NOT NULL, checksum INTEGER NOT NULL)",
  // When a scope was last used, in milliseconds since 1970.
  "CREATE TABLE used (name TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID",
];

/** Makes the tables of an empty file, or makes sure that they are ours. Throws a DamagedFileError when they are not. */
export function prepareSchema(db: Database): void {
  const id = pragma(db, "application_id");
  const version = pragma(db, "user_version");
  if (id === applicationId && version === schemaVersion) return requireWritable(db);
  if (id === applicationId)
    throw new DamagedFileError(
      "outdated",
      `it has the form ${version}, this program writes ${schemaVersion}`,
    );
  const known = db.get<{ count: number }>("SELECT count(*) AS count FROM sqlite_schema");
  if (id !== 0 || known === undefined || known.count > 0)
    throw new DamagedFileError("damaged", "it is no cache of edge-proxy");
  db.transaction(() => {
    for (const table of tables) db.run(table);
    db.run(`PRAGMA application_id = ${applicationId}`);
    db.run(`PRAGMA user_version = ${schemaVersion}`);
  });
}

/**
 * A file that the system lets us write, and SQLite does not, has a damaged head (fileformat2.html, 1.3.3). A disk that is full is
 * no reason not to read what lies there: it may have room later.
 */
function requireWritable(db: Database): void {
  try {
    db.run("UPDATE log SET folds = folds + 1");
  } catch (error) {
    const kind = kindOfError(error);
    if (kind === "read-only")
      throw new DamagedFileError("damaged", "its head says that it is not to be written");
    if (kind !== "full") throw error;
  }
}

/** Throws a DamagedFileError unless the file is one that this program writes. */
export function requireSchema(db: Database): void {
  const id = pragma(db, "application_id");
  const version = pragma(db, "user_version");
  if (id !== applicationId) throw new DamagedFileError("damaged", "it is no cache of edge-proxy");
  if (version !== schemaVersion)
    throw new DamagedFileError("outdated", `it has the form ${version}`);
}

function pragma(db: Database, name: string): number {
  const row = db.get<Record<string, number>>(`PRAGMA ${name}`);
  return row?.[name] ?? 0;
}
