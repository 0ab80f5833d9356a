import type { Database } from "./database.ts";
import { isCount, maxRowBytes, maxRows } from "./stored-shapes.ts";

/** When scopes were last used, in milliseconds since 1970, by their names. */
export function readUses(db: Database): ReadonlyMap<string, number> {
  const sql = `SELECT name, at FROM used WHERE octet_length(name) <= ${maxRowBytes} LIMIT ${maxRows}`;
  const rows = db.all<{ name: string; at: unknown }>(sql);
  return new Map(rows.flatMap(({ name, at }) => (isCount(at) ? [[name, at] as const] : [])));
}

export function writeUse(db: Database, name: string, at: number): void {
  db.run("INSERT OR REPLACE INTO used (name, at) VALUES (?, ?)", name, at);
}

export function removeUse(db: Database, name: string): void {
  db.run("DELETE FROM used WHERE name = ?", name);
}
