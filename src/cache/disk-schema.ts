import type { Database } from "./database.ts";
import { DamagedFileError, kindOfError } from "./disk-fault.ts";
import { applicationId, schemaVersion, tables } from "./disk-tables.ts";

/** Makes the tables of a new file; those of another have been compared when it was opened. */
export function prepareSchema(db: Database): void {
  if (pragma(db, "application_id") === applicationId) return requireWritable(db);
  db.transaction(() => {
    for (const table of tables) db.run(table);
    db.run("INSERT INTO log VALUES (0)");
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

function pragma(db: Database, name: string): number {
  const row = db.get<Record<string, number>>(`PRAGMA ${name}`);
  return row?.[name] ?? 0;
}
