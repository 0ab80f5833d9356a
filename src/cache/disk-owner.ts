import type { Database } from "./database.ts";
import type { Disk } from "./disk.ts";
import { checksumOf } from "./segment.ts";
import { isRecordOf, isText, parseStored } from "./stored-shapes.ts";

/**
 * What tells whose the contents of the file are: the cluster, how it is reached, and who the proxy is there, by what an
 * apiserver says (`subject`) and by what the credentials say (`name`, or a `token` that says nothing).
 */
export type OwnerPart = "cluster" | "server" | "subject" | "name" | "token";

/** Hashes by a key that lies beside them; what is not known is not there. */
type Marks = Readonly<Partial<Record<OwnerPart, string>>>;

interface Row {
  readonly key: string;
  readonly state: string;
  readonly checksum: number;
}

const keyBytes = 32;

/**
 * Whose the contents of the disk's file are. Nothing of it is there in the clear: each part is kept as an HMAC with a random key.
 * A row that is damaged says nothing, as one that is not there.
 */
export class DiskOwner {
  readonly #disk: Disk;
  #key = newKey();
  #marks: Marks = {};

  constructor(disk: Disk) {
    this.#disk = disk;
    disk.onAnotherFile((db) => db.transaction(() => this.#writeRow(db)));
  }

  /** Reads what is kept. Never rejects. */
  async load(): Promise<void> {
    await this.#disk.exclusive(async (db) => {
      const row = db.get<Row>(
        "SELECT * FROM owner WHERE octet_length(key) + octet_length(state) < 9999",
      );
      if (row === undefined || checksumOf(`${row.key} ${row.state}`) !== row.checksum) return;
      const marks = parseStored(row.state, isRecordOf(isText));
      if (marks === undefined || !isText(row.key)) return;
      this.#key = row.key;
      this.#marks = marks;
    });
  }

  /** Whether this is known of the owner at all. */
  has(part: OwnerPart): boolean {
    return this.#marks[part] !== undefined;
  }

  compare(part: OwnerPart, text: string): "same" | "another" | "unknown" {
    const mark = this.#marks[part];
    if (mark === undefined) return "unknown";
    return mark === this.#hash(part, text) ? "same" : "another";
  }

  /** Keeps what has been learned, undefined where it is not known any more; the rest stays as it was. */
  learn(parts: Readonly<Partial<Record<OwnerPart, string | undefined>>>): void {
    const before = JSON.stringify(this.#marks);
    const learned = Object.entries(parts).map(([part, text]) => [
      part,
      text === undefined ? undefined : this.#hash(part, text),
    ]);
    this.#marks = { ...this.#marks, ...Object.fromEntries(learned) };
    if (JSON.stringify(this.#marks) !== before) void this.#write();
  }

  /** It is somebody else's from here on, of whom nothing is known yet. */
  forget(): void {
    this.#key = newKey();
    this.#marks = {};
    void this.#write();
  }

  #hash(part: string, text: string): string {
    return new Bun.CryptoHasher("sha256", this.#key).update(`${part} ${text}`).digest("hex");
  }

  async #write(): Promise<void> {
    await this.#disk.exclusive(async (db) => db.transaction(() => this.#writeRow(db)));
  }

  #writeRow(db: Database): void {
    const state = JSON.stringify(this.#marks);
    db.run("DELETE FROM owner");
    const checksum = checksumOf(`${this.#key} ${state}`);
    db.run("INSERT INTO owner (key, state, checksum) VALUES (?, ?, ?)", this.#key, state, checksum);
  }
}

function newKey(): string {
  return crypto.getRandomValues(new Uint8Array(keyBytes)).toHex();
}
