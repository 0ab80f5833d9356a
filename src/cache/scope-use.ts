import type { Database } from "./database.ts";

/** When scopes were last used, in milliseconds since 1970, by their names. */
export function readUses(db: Database): ReadonlyMap<string, number> {
  const rows = db.all<{ name: string; at: number }>("SELECT name, at FROM used");
  return new Map(rows.map(({ name, at }) => [name, at]));
}

export function writeUse(db: Database, name: string, at: number): void {
  db.run("INSERT OR REPLACE INTO used (name, at) VALUES (?, ?)", name, at);
}

export function removeUse(db: Database, name: string): void {
  db.run("DELETE FROM used WHERE name = ?", name);
}
