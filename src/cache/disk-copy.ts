import type { Database } from "./database.ts";
import { turn } from "./turn.ts";

/** Of the tables whose rows may be large; so many of them are read and written in 2 to 5 ms, at 200 KB each. */
const numbered = ["scope", "segment", "replay"] as const;
const rowsAtOnce = 8;

type Row = Readonly<Record<string, string | number | Uint8Array | null>>;

/**
 * Copies all rows to a file that was just begun: it has not a byte of what was deleted. Nobody may write to the first meanwhile;
 * everything else has its turn every few milliseconds. Rejects with SQLite's errors.
 */
export async function copyRows(from: Database, to: Database): Promise<void> {
  for (const table of ["owner", "used"]) insert(to, table, from.all<Row>(`SELECT * FROM ${table}`));
  for (const table of numbered) {
    const sql = `SELECT * FROM ${table} WHERE number > ? ORDER BY number LIMIT ${rowsAtOnce}`;
    for (let last = 0; ;) {
      const rows = from.all<Row>(sql, last);
      insert(to, table, rows);
      last = Number(rows.at(-1)?.["number"]);
      if (rows.length < rowsAtOnce) break;
      await turn();
    }
  }
}

function insert(to: Database, table: string, rows: readonly Row[]): void {
  to.transaction(() => {
    for (const row of rows) {
      const columns = Object.keys(row);
      const places = columns.map(() => "?").join();
      to.run(`INSERT INTO ${table} (${columns.join()}) VALUES (${places})`, ...Object.values(row));
    }
  });
}
