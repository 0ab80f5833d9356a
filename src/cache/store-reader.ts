import { Database } from "./database.ts";
import { reasonOfError } from "./disk-fault.ts";
import { databasePath, requireFile } from "./disk-folder.ts";
// The disk store as others see it: read-only, one consistent state, also while the proxy writes.
import { type HeldScope, placesOf, readHeldScopes } from "./held-scope.ts";
import { damagedAnswers } from "./replay-rows.ts";
import { parseScopeId } from "./scope-id.ts";
import { type RestoredScope, restoreScope } from "./snapshot-restore.ts";
import type { Scope } from "./watch-cache.ts";

/** A scope in the store; `held.state` is undefined where its row is damaged. */
export interface StoredScope {
  readonly number: number;
  readonly scope: Scope;
  readonly held: HeldScope;
}

/** A store that is open to be read. */
export class StoreReader {
  readonly #db: Database;

  private constructor(db: Database) {
    this.#db = db;
  }

  /** Opens the store in this folder. Throws one line that says why it cannot be read. */
  static open(folder: string): StoreReader {
    const path = databasePath(folder);
    let db: Database | undefined;
    try {
      requireFile(folder);
      db = Database.openReader(path);
      return new StoreReader(db);
    } catch (error) {
      db?.abandon();
      throw new Error(`${path}: ${reasonOfError(error)}`, { cause: error });
    }
  }

  /** The scopes in the order in which they were first written. */
  scopes(): readonly StoredScope[] {
    return [...readHeldScopes(this.#db).scopes.values()].flatMap((held) => {
      const scope = parseScopeId(held.row.name);
      return scope === undefined ? [] : [{ number: held.row.number, scope, held }];
    });
  }

  /** The scope with all that it has. Rejects when anything of it is not what was written. */
  async read({ scope, held }: StoredScope): Promise<RestoredScope> {
    const row = { ...held.row, state: held.state };
    return (await restoreScope(this.#db, scope, row, placesOf(held))).restored;
  }

  /** What is wrong in the file outside of the scopes; nothing where all is well. */
  async faults(): Promise<readonly string[]> {
    const found = this.#db
      .all<{ integrity_check: string }>("PRAGMA integrity_check(20)")
      .map((row) => row.integrity_check)
      .filter((text) => text !== "ok");
    const damaged = await damagedAnswers(this.#db);
    const answers = damaged.map((key) => `answer ${key}: damaged`);
    return [...found, ...answers];
  }

  close(): void {
    this.#db.abandon();
  }
}
