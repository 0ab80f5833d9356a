// What a file of ours consists of. A file is compared with it before anything else is asked of it: a trigger or a view that
// another program put there could have any statement run for ever (sqlite.org/security.html, 1.1).
import { DamagedFileError } from "./disk-fault.ts";

/** "edge" in ASCII; tells our files from others (sqlite.org/pragma.html#pragma_application_id). */
export const applicationId = 0x65646765;
/** Raised whenever what lies in the tables is written otherwise. */
export const schemaVersion = 2;

/** As they are made, and as SQLite keeps their text. */
export const tables = [
  // One row in a page of its own, which `Database.fold` writes to begin the log anew.
  "CREATE TABLE log (folds INTEGER NOT NULL)",
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
] as const;

/** The indexes that SQLite makes for UNIQUE columns. */
const indexes = ["scope", "replay"] as const;

/** A row of sqlite_schema (sqlite.org/schematab.html). */
export interface SchemaRow {
  readonly type: string;
  readonly name: string;
  readonly tbl_name: string;
  readonly rootpage: number;
  readonly sql: string | null;
}

/** Everything that `requireOurTables` compares. */
export const schemaQuery = "SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema";

/** What the head of a file says that it is. */
export interface FileHead {
  readonly applicationId: number;
  readonly schemaVersion: number;
}

/** Throws a DamagedFileError unless the head is of a file that this program writes, or of an empty one. */
export function requireOurHead(head: FileHead): void {
  if (head.applicationId !== applicationId && head.applicationId !== 0)
    throw new DamagedFileError("damaged", "it is no cache of edge-proxy");
  if (head.applicationId === applicationId && head.schemaVersion !== schemaVersion)
    throw new DamagedFileError(
      "outdated",
      `it has the form ${head.schemaVersion}, this program writes ${schemaVersion}`,
    );
}

/**
 * Throws a DamagedFileError unless these are exactly the tables and indexes that this program makes, and nothing else, or none at
 * all in a file that nothing was ever written to.
 */
export function requireOurTables(head: FileHead, rows: readonly SchemaRow[]): void {
  requireOurHead(head);
  if (head.applicationId === 0) {
    if (rows.length > 0) throw new DamagedFileError("damaged", "it is no cache of edge-proxy");
    return;
  }
  const left = new Set(expected);
  for (const row of rows)
    if (!left.delete(textOf(row)))
      throw new DamagedFileError(
        "damaged",
        `its ${row.type} ${JSON.stringify(row.name)} is not ours`,
      );
  if (left.size > 0) throw new DamagedFileError("damaged", "a table of ours is missing");
}

const textOf = ({ type, name, tbl_name, sql }: Omit<SchemaRow, "rootpage">) =>
  JSON.stringify([type, name, tbl_name, sql]);

const expected: readonly string[] = [
  ...tables.map((sql) => {
    const name = /^CREATE TABLE (\w+)/.exec(sql)?.[1] ?? "";
    return textOf({ type: "table", name, tbl_name: name, sql });
  }),
  ...indexes.map((table) =>
    textOf({ type: "index", name: `sqlite_autoindex_${table}_1`, tbl_name: table, sql: null }),
  ),
];
