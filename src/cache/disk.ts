import type { Database } from "./database.ts";
import { type DiskFault, kindOfError, plainKindOf, reasonOfError, remedyOf } from "./disk-fault.ts";
import {
  createDatabase,
  eraseDatabase,
  hasDatabase,
  isRewriteDue,
  makeRewriteDue,
  openDatabase,
  rewriteDatabase,
  setAside,
  takeFolder,
  whyNotWritable,
} from "./disk-folder.ts";

export interface DiskOptions {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Told once when the disk fails and why, and with undefined once something has been written again. */
  readonly report: (fault: DiskFault | undefined) => void;
}

/** What became of work on the disk. */
export type DiskOutcome<T> =
  { readonly is: "done"; readonly value: T } | { readonly is: "fault"; readonly fault: DiskFault };

/** The disk's file, for its one writer. All work on it comes one after the other; what fails leaves the process as it is. */
export class Disk {
  readonly #folder: string;
  readonly #options: DiskOptions;
  readonly #onAnotherFile: ((db: Database) => void)[] = [];
  #letGo: (() => void) | undefined;
  #database: Database | undefined;
  #written = 0;
  #longestMs = 0;
  #fault: DiskFault | undefined;
  readonly #faultCounts = new Map<DiskFault["kind"], number>();
  #tail: Promise<unknown> = Promise.resolve();
  #isClosed = false;
  /** What lies there may not stay, not even set aside. */
  #isErasureDue = false;

  private constructor(folder: string, options: DiskOptions) {
    this.#folder = folder;
    this.#options = options;
  }

  /**
   * Takes the folder and opens its file. One that is damaged is set aside, reported, and an empty one begun. Where the disk is
   * full, and nothing stored, that is reported and a file begun when there is room: all work fails until then.
   */
  static open(folder: string, options: DiskOptions): DiskOutcome<Disk> {
    const disk = new Disk(folder, options);
    try {
      disk.#open();
      return { is: "done", value: disk };
    } catch (error) {
      const kind = kindOfError(error);
      const reason = reasonOfError(error);
      if (kind === "full" && !hasDatabase(folder)) {
        disk.#say({ kind, reason });
        return { is: "done", value: disk };
      }
      disk.#letGo?.();
      const plain = plainKindOf(error);
      const why = plain === "locked" ? "another process uses it" : reason;
      const fault = { kind: plain, reason: `${folder}: ${why}`, ...remedyOf(error) };
      return { is: "fault", fault };
    }
  }

  /** What is wrong, until something has been written. */
  get fault(): DiskFault | undefined {
    return this.#fault;
  }

  /** How many faults of each kind there were since the start, each counted once, when it was reported. */
  get faultCounts(): ReadonlyMap<DiskFault["kind"], number> {
    return this.#faultCounts;
  }

  /** Bytes given to the kernel to be written. */
  get bytesWritten(): number {
    return this.#written + (this.#database?.bytesWritten ?? 0);
  }

  /** The longest that one transaction or checkpoint has kept everything else waiting, in milliseconds. */
  get longestMs(): number {
    return Math.max(this.#longestMs, this.#database?.longestMs ?? 0);
  }

  get now(): number {
    return this.#options.now();
  }

  /**
   * Calls this with an empty file that is begun later than at the start, before there is anything else in it: what is
   * remembered of the one before is not true of it. Where this throws no file is begun yet.
   */
  onAnotherFile(begin: (db: Database) => void): void {
    this.#onAnotherFile.push(begin);
  }

  /** Does this work when all before it is done. Never rejects. */
  exclusive<T>(work: (db: Database) => Promise<T>): Promise<DiskOutcome<T>> {
    return this.#next(async () => {
      const db = this.#database ?? this.#beginAnew();
      db.requireUnharmed();
      const before = db.changes;
      const value = await work(db);
      if (this.#fault !== undefined && db === this.#database && db.changes > before)
        await this.#recovered(db);
      return value;
    });
  }

  /**
   * Begins the folder anew, when all work before this is done: of what was stored, or set aside, no byte is left in it. Where that
   * fails it is tried again before anything else is done. Never rejects.
   */
  erase(): Promise<DiskOutcome<void>> {
    return this.#next(async () => {
      this.#isErasureDue = true;
      const db = this.#database;
      const harm = harmOf(db);
      if (db !== undefined) this.#retire(db);
      db?.abandon();
      // Others may have taken what lies there by now.
      if (harm !== undefined) this.#leaveFolder();
      this.#beginAnew();
    });
  }

  #next<T>(work: () => Promise<T>): Promise<DiskOutcome<T>> {
    const run = async (): Promise<DiskOutcome<T>> => {
      if (this.#isClosed) return { is: "fault", fault: closed };
      try {
        return { is: "done", value: await work() };
      } catch (error) {
        return { is: "fault", fault: this.#failed(error) };
      }
    };
    const done = this.#tail.then(run);
    this.#tail = done;
    return done;
  }

  /** Has `rewrite` done at the next start, where this one does not come to it. Never rejects. */
  async makeRewriteDue(): Promise<void> {
    await this.exclusive(async () => makeRewriteDue(this.#folder));
  }

  /** The same, within work on the disk: before what is to be gone is removed, so that no kill comes between. Throws the system's errors. */
  markRewriteDue(): void {
    makeRewriteDue(this.#folder);
  }

  get isRewriteDue(): boolean {
    return isRewriteDue(this.#folder);
  }

  /**
   * Writes the file anew, when all work before this is done, without the bytes of what was deleted, and removes what was set
   * aside: it may hold the same. Other work on the disk waits until it is done. Never rejects.
   */
  async rewrite(): Promise<DiskOutcome<void>> {
    const outcome = await this.exclusive((db) => this.#rewrite(db));
    if (outcome.is === "done" || !("setAside" in outcome.fault)) return outcome;
    // What could not be copied was set aside, with all that had to go.
    return await this.exclusive((db) => this.#rewrite(db));
  }

  async #rewrite(db: Database): Promise<void> {
    const { rewritten, bytesCopied } = await rewriteDatabase(this.#folder, db);
    this.#retire(db);
    this.#written += bytesCopied;
    this.#database = rewritten;
  }

  /** Closes the file and lets go of the folder when all work is done. Never rejects. */
  async close(): Promise<void> {
    await this.#tail;
    if (this.#isClosed) return;
    this.#isClosed = true;
    const db = this.#database;
    this.#database = undefined;
    try {
      await db?.close();
    } catch (error) {
      this.#say({ kind: "failed", reason: reasonOfError(error) });
    }
    this.#letGo?.();
  }

  #open(): void {
    this.#letGo = takeFolder(this.#folder);
    try {
      this.#database = openDatabase(this.#folder);
    } catch (error) {
      const kind = kindOfError(error);
      if (kind !== "damaged" && kind !== "outdated") throw error;
      const aside = setAside(this.#folder, this.#options.now());
      this.#say({ kind, reason: reasonOfError(error), setAside: aside });
      this.#beginAnew();
    }
  }

  /** What lies there is not what this process has read or written: it is set aside. */
  #beginAnew(): Database {
    try {
      this.#letGo ??= takeFolder(this.#folder);
      this.#setAside();
      this.#database = createDatabase(this.#folder, (db) => {
        for (const begin of this.#onAnotherFile) begin(db);
      });
      return this.#database;
    } catch (error) {
      if (kindOfError(error) === "missing") this.#leaveFolder();
      throw error;
    }
  }

  /** Makes room for another file; the name that what lies there has then, undefined where nothing is left. */
  #setAside(): string | undefined {
    if (!this.#isErasureDue) return setAside(this.#folder, this.#options.now());
    eraseDatabase(this.#folder);
    this.#isErasureDue = false;
    return undefined;
  }

  /** The lock went with the folder, or lies in one that others have taken since. */
  #leaveFolder(): void {
    this.#letGo?.();
    this.#letGo = undefined;
  }

  /** Something has been written, which no reading proves, and the file takes what the log holds. */
  async #recovered(db: Database): Promise<void> {
    await db.fold("long");
    this.#options.report((this.#fault = undefined));
  }

  #failed(error: unknown): DiskFault {
    const fault = this.#handle(error);
    this.#say(fault);
    return fault;
  }

  #handle(error: unknown): DiskFault {
    const db = this.#database;
    const harm = harmOf(db);
    const kind = harm === undefined ? kindOfError(error) : "damaged";
    const reason = harm ?? reasonOfError(error);
    if (kind === "failed") return this.#whyFailed(reason);
    if (kind !== "damaged" && kind !== "outdated") return { kind, reason };
    try {
      if (db !== undefined) this.#retire(db);
      db?.abandon();
      if (harm !== undefined) this.#leaveFolder();
      this.#letGo ??= takeFolder(this.#folder);
      return { kind, reason, setAside: this.#setAside() };
    } catch (second) {
      return { kind: plainKindOf(second), reason: `${reason}; ${reasonOfError(second)}` };
    }
  }

  /** Another file takes its place. */
  #retire(db: Database): void {
    this.#written += db.bytesWritten;
    this.#longestMs = Math.max(this.#longestMs, db.longestMs);
    this.#database = undefined;
  }

  #whyFailed(reason: string): DiskFault {
    const error = whyNotWritable(this.#folder);
    const kind = error === undefined ? "failed" : plainKindOf(error);
    if (kind === "failed") return { kind, reason };
    return { kind, reason: `${reason}; ${reasonOfError(error)}` };
  }

  #say(fault: DiskFault): void {
    const isNew = this.#fault?.kind !== fault.kind;
    this.#fault = fault;
    if (!isNew) return;
    this.#faultCounts.set(fault.kind, (this.#faultCounts.get(fault.kind) ?? 0) + 1);
    this.#options.report(fault);
  }
}

/** What others have done to the file; nothing where even that cannot be seen. */
function harmOf(db: Database | undefined): string | undefined {
  try {
    return db?.harm();
  } catch {
    return undefined;
  }
}

const closed: DiskFault = { kind: "failed", reason: "the disk store is closed" };
