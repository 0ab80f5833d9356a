import type { Database } from "./database.ts";
import { type Disk, turn } from "./disk.ts";
import {
  baseOf,
  baseOfKey,
  checksumOfAnswer,
  keyOf,
  pathOfKey,
  readAnswer,
  readKnownRows,
  type ReplayAnswer,
  type ReplayRequest,
  varyOf,
} from "./replay-rows.ts";

export interface ReplayOptions {
  readonly limitBytes: number;
  readonly flushMs: number;
}

/** Of one answer, so much of all: an OpenAPI document must not drive out all discovery. */
const maxShare = 0.25;
/** An answer that is the same again is not written again sooner than this: only its time would be new. */
const rewriteMs = 60_000;
/** One transaction. */
const sliceBytes = 512 << 10;

interface Known {
  readonly byteLength: number;
  readonly checksum: number;
  /** When upstream last gave it, and the same as it is on disk. */
  at: number;
  writtenAt: number;
}

/**
 * The last good answers to exact requests, on disk, at most `limitBytes`: the newest wins, the least recently used go first.
 * An answer put in is on disk, and can be got, `flushMs` later; until then it is in memory.
 */
export class Replay {
  readonly #disk: Disk;
  readonly #options: ReplayOptions;
  /** The least recently used first. */
  #known: Map<string, Known> | undefined;
  /** For each request without its varying headers, the names of those. */
  #varies = new Map<string, readonly string[]>();
  #pending = new Map<string, ReplayAnswer | undefined>();
  #byteLength = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(disk: Disk, options: ReplayOptions) {
    this.#disk = disk;
    this.#options = options;
    disk.onAnotherFile(() => (this.#known = undefined));
  }

  /** The bytes of all answers. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /** The last good answer to this request; undefined where there is none, or what is on disk is damaged. Never rejects. */
  async get(request: ReplayRequest): Promise<ReplayAnswer | undefined> {
    const outcome = await this.#disk.exclusive(async (db) => {
      const known = this.#load(db);
      const key = this.#keyOf(request);
      const pending = this.#pending.get(key);
      if (pending !== undefined || this.#pending.has(key)) return pending;
      const entry = known.get(key);
      if (entry === undefined) return undefined;
      known.delete(key);
      known.set(key, entry);
      return readAnswer(db, key, entry.at);
    });
    return outcome.is === "done" ? outcome.value : undefined;
  }

  /** Keeps the answer; one that is too large is not kept, and what it would have replaced goes. */
  put(request: ReplayRequest, answer: ReplayAnswer): void {
    const base = baseOf(request);
    this.#varies.set(base, answer.head.vary);
    const isTooLarge = answer.body.length > this.#options.limitBytes * maxShare;
    this.#later(keyOf(base, request, answer.head.vary), isTooLarge ? undefined : answer);
  }

  /** Forgets the answer: upstream has refused it since (CONTRACT 26). Never rejects. */
  async remove(request: ReplayRequest): Promise<void> {
    await this.#disk.exclusive(async (db) => {
      this.#load(db);
      this.#later(this.#keyOf(request), undefined);
    });
  }

  /** Forgets the answers to requests for such paths. Never rejects. */
  async removeOf(isForgotten: (path: string) => boolean): Promise<void> {
    const isOf = (key: string) => isForgotten(pathOfKey(key));
    await this.#disk.exclusive(async (db) => {
      const known = this.#load(db);
      for (const key of [...this.#pending.keys()].filter(isOf)) this.#pending.delete(key);
      db.transaction(() => {
        for (const key of [...known.keys()].filter(isOf)) this.#delete(db, known, key);
      });
    });
  }

  /** Forgets all answers. Never rejects. */
  clear(): Promise<void> {
    return this.removeOf(() => true);
  }

  /** Writes what was put in since. Never rejects. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const outcome = await this.#disk.exclusive(async (db) => {
      const known = this.#load(db);
      while (this.#pending.size > 0) {
        db.transaction(() => this.#writeSlice(db, known));
        await db.fold("long");
        await turn();
      }
    });
    // What could not be written is not remembered either: memory has its own limit.
    if (outcome.is === "done") return;
    this.#known = undefined;
    this.#pending.clear();
  }

  #later(key: string, answer: ReplayAnswer | undefined): void {
    this.#pending.delete(key);
    this.#pending.set(key, answer);
    this.#timer ??= setTimeout(() => void this.flush(), this.#options.flushMs);
  }

  #writeSlice(db: Database, known: Map<string, Known>): void {
    let bytes = 0;
    for (const [key, answer] of this.#pending) {
      this.#pending.delete(key);
      if (answer === undefined) this.#delete(db, known, key);
      else if (!this.#isSame(db, known, key, answer)) {
        this.#write(db, known, key, answer);
        bytes += answer.body.length;
      }
      if (bytes >= sliceBytes) return;
    }
  }

  /** The same answer given again has a new time; the disk need not know each. */
  #isSame(db: Database, known: Map<string, Known>, key: string, answer: ReplayAnswer): boolean {
    const { head, body, at } = answer;
    const entry = known.get(key);
    if (entry?.checksum !== checksumOfAnswer(key, JSON.stringify(head), body)) return false;
    entry.at = at;
    if (at - entry.writtenAt >= rewriteMs) {
      db.run("UPDATE replay SET at = ? WHERE key = ?", at, key);
      entry.writtenAt = at;
    }
    return true;
  }

  #write(db: Database, known: Map<string, Known>, key: string, answer: ReplayAnswer): void {
    this.#delete(db, known, key);
    const head = JSON.stringify(answer.head);
    const checksum = checksumOfAnswer(key, head, answer.body);
    const byteLength = key.length + head.length + answer.body.length;
    db.run(
      "INSERT INTO replay (key, at, checksum, head, body) VALUES (?, ?, ?, ?, ?)",
      key,
      answer.at,
      checksum,
      head,
      answer.body,
    );
    const { at } = answer;
    known.set(key, { byteLength, checksum, at, writtenAt: at });
    this.#byteLength += byteLength;
    for (const oldest of known.keys()) {
      if (this.#byteLength <= this.#options.limitBytes) return;
      this.#delete(db, known, oldest);
    }
  }

  #delete(db: Database, known: Map<string, Known>, key: string): void {
    const entry = known.get(key);
    if (entry === undefined) return;
    known.delete(key);
    this.#byteLength -= entry.byteLength;
    db.run("DELETE FROM replay WHERE key = ?", key);
  }

  #load(db: Database): Map<string, Known> {
    if (this.#known !== undefined) return this.#known;
    const known = new Map<string, Known>();
    this.#byteLength = 0;
    for (const { key, at, checksum, head, byteLength } of readKnownRows(db)) {
      const vary = varyOf(head);
      if (vary === undefined) continue;
      known.set(key, { byteLength, checksum, at, writtenAt: at });
      this.#varies.set(baseOfKey(key), vary);
      this.#byteLength += byteLength;
    }
    return (this.#known = known);
  }

  #keyOf(request: ReplayRequest): string {
    const base = baseOf(request);
    return keyOf(base, request, this.#varies.get(base) ?? []);
  }
}
