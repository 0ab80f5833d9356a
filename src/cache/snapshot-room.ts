import type { Database } from "./database.ts";
import {
  byteLengthOf,
  type HeldScope,
  type HeldScopes,
  lastUseOf,
  placesOf,
} from "./held-scope.ts";
import { removeUse } from "./scope-use.ts";
import { turn } from "./turn.ts";

/** Of how many segments one transaction gives the room back. */
const maxRemoved = 16;

/**
 * Whether all, and so much more, is within the limit. Scopes that nobody writes go for it, the least recently used first, and
 * at last what stood in the place of the scope of this name.
 */
export async function makeRoom(
  db: Database,
  all: HeldScopes,
  isOver: () => boolean,
  name: string,
): Promise<boolean> {
  const closed = [...all.scopes.values()]
    .filter(({ row, segments }) => segments.are === "closed" && row.name !== name)
    .toSorted((a, b) => lastUseOf(a) - lastUseOf(b));
  for (const scope of [...closed.map(({ row }) => row.name), name]) {
    if (!isOver()) return true;
    dropScope(db, all, scope);
    await sweep(db, all);
  }
  return !isOver();
}

/** The bytes of all scopes, and of what is given up and still there. */
export function byteLengthOfAll(all: HeldScopes): number {
  let bytes = all.orphanBytes;
  for (const held of all.scopes.values()) bytes += byteLengthOf(held);
  return bytes;
}

/** Removes the scope; its segments wait for `sweep`. */
export function dropScope(db: Database, all: HeldScopes, name: string): void {
  const held = all.scopes.get(name);
  if (held === undefined) return;
  db.run("DELETE FROM scope WHERE name = ?", name);
  removeUse(db, name);
  all.scopes.delete(name);
  orphan(all, held);
}

/** The scope's segments belong to no scope any more. */
export function orphan(all: HeldScopes, held: HeldScope): void {
  all.orphans.push(...placesOf(held));
  all.orphanBytes += byteLengthOf(held);
}

/** Gives back the room of segments that belong to no scope. */
export async function sweep(db: Database, all: HeldScopes): Promise<void> {
  while (all.orphans.length > 0) {
    const some = all.orphans.splice(0, maxRemoved);
    db.transaction(() => {
      for (const { number } of some) db.run("DELETE FROM segment WHERE number = ?", number);
    });
    await breathe(db);
  }
  all.orphanBytes = 0;
}

/** After a transaction: the others' turn. */
export async function breathe(db: Database): Promise<void> {
  await db.fold("long");
  await turn();
}
