import type { Database } from "./database.ts";
import type { Disk } from "./disk.ts";
import { PendingAnswers } from "./pending-answers.ts";
import {
  baseOf,
  baseOfKey,
  keyOf,
  pathOfKey,
  readKnownRows,
  type ReplayAnswer,
  type ReplayRequest,
  varyOf,
} from "./replay-rows.ts";
import { ReplayTable } from "./replay-table.ts";
import { WriteBudget } from "./write-budget.ts";

export interface ReplayOptions {
  readonly limitBytes: number;
  readonly flushMs: number;
  /** Whether answers to requests for this path may be kept: those to others are not given, though they lie there. */
  readonly isKept: (path: string) => boolean;
  /** Called when an answer that upstream has refused since is removed from the disk: a rewrite of it is due. */
  readonly refused: () => void;
}

/** Of one answer, so much of all: an OpenAPI document must not drive out all discovery. */
const maxShare = 0.25;
/** A request of more characters, its varying headers among them, is kept under no key. */
const maxKeyLength = 16 << 10;
/** The budget is waited for until so much can be written again. */
const leastBytes = 1 << 20;
/** Of requests that had an answer so many more may be known than have one. */
const spareVaries = 256;

/** What is told of and not looked at yet, in number and bytes of bodies: to look at many at once is faster, and they need memory. */
const maxTold = 128;
const maxToldBytes = 1 << 20;

/** What upstream has said to a request: an answer worth keeping, or a refusal. */
export type Told =
  | { readonly is: "answer"; readonly request: ReplayRequest; readonly answer: ReplayAnswer }
  | { readonly is: "refused"; readonly requests: readonly ReplayRequest[] };

/**
 * The last good answers to exact requests, on disk, at most `limitBytes`: the newest wins, the least recently used go first.
 * An answer put in is on disk `flushMs` later; until then it is in memory, a quarter of `limitBytes` of such at most: what is
 * put in faster than that, or than it is written, drives out what came first. Written are `limitBytes` at once and as many in each
 * minute after: what is asked but once must not wear the disk out.
 */
export class Replay {
  readonly #disk: Disk;
  readonly #options: ReplayOptions;
  #table: ReplayTable | undefined;
  /** For each request without its varying headers, the names of those. */
  #varies = new Map<string, readonly string[]>();
  readonly #pending: PendingAnswers;
  readonly #budget: WriteBudget;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #told: (() => Told | undefined)[] = [];
  #toldBytes = 0;
  /** Requests whose answers on disk were refused since the last flush. */
  readonly #refused = new Set<string>();

  constructor(disk: Disk, options: ReplayOptions) {
    this.#disk = disk;
    this.#options = options;
    this.#budget = new WriteBudget(options.limitBytes, () => disk.now);
    // Before the first look at the disk there may be any.
    const isOnDisk = (key: string) => this.#table?.has(key) ?? true;
    this.#pending = new PendingAnswers(options.limitBytes * maxShare, isOnDisk);
    disk.onAnotherFile(() => (this.#table = undefined));
  }

  /** The bytes of all answers. */
  get byteLength(): number {
    return this.#table?.byteLength ?? 0;
  }

  /** The last good answer to this request; undefined where there is none, or what is on disk is damaged. Never rejects. */
  async get(request: ReplayRequest): Promise<ReplayAnswer | undefined> {
    this.#take();
    if (!this.#options.isKept(request.path)) return undefined;
    const outcome = await this.#disk.exclusive(async (db) => {
      const table = this.#load(db);
      const key = this.#keyOf(request);
      return this.#pending.has(key) ? this.#pending.get(key) : await table.read(db, key);
    });
    return outcome.is === "done" ? outcome.value : undefined;
  }

  /**
   * Takes note of what was said, some time before the next flush, in the order it was told: costs nothing now. `byteLength` is
   * what it holds in memory until then; `told` never throws, and gives nothing where there is nothing to be kept.
   */
  tell(byteLength: number, told: () => Told | undefined): void {
    this.#told.push(told);
    this.#toldBytes += byteLength;
    if (this.#told.length > maxTold || this.#toldBytes > maxToldBytes) this.#take();
    this.#arm(this.#options.flushMs);
  }

  /** Keeps the answer; one that is too large is not kept, and what it would have replaced goes. */
  put(request: ReplayRequest, answer: ReplayAnswer): void {
    const base = baseOf(request);
    const key = keyOf(base, request, answer.head.vary);
    if (key.length > maxKeyLength) return;
    this.#varies.set(base, answer.head.vary);
    this.#pending.put(key, answer);
    this.#arm(this.#options.flushMs);
  }

  /** Forgets the answer: upstream has refused it since (CONTRACT 26). Never rejects. */
  async remove(request: ReplayRequest): Promise<void> {
    // Which headers its answers vary by is known from the disk.
    if (this.#table === undefined) await this.#disk.exclusive(async (db) => void this.#load(db));
    const key = this.#keyOf(request);
    this.#pending.remove(key);
    if (this.#pending.has(key)) this.#refused.add(key);
    this.#arm(this.#options.flushMs);
  }

  /** How many answers on disk are to requests for such paths. Never rejects. */
  async countOf(isOf: (path: string) => boolean): Promise<number> {
    const outcome = await this.#disk.exclusive(async (db) => this.#load(db).keys);
    return outcome.is === "done" ? outcome.value.filter((key) => isOf(pathOfKey(key))).length : 0;
  }

  /** Forgets the answers to requests for such paths; of those that upstream refuses by now a rewrite is due. Never rejects. */
  async removeOf(
    isForgotten: (path: string) => boolean,
    because: "not kept" | "refused" = "not kept",
  ): Promise<void> {
    this.#take();
    const isOf = (key: string) => isForgotten(pathOfKey(key));
    await this.#write(async (db, table) => {
      for (const key of this.#pending.keys.filter(isOf)) this.#pending.delete(key);
      const keys = table.keys.filter(isOf);
      if (keys.length > 0 && because === "refused") this.#markRefused();
      await table.remove(db, keys);
    });
  }

  /** Forgets all answers. Never rejects. */
  clear(): Promise<void> {
    return this.removeOf(() => true);
  }

  /** Writes what was put in since, all of it or as much as may be written by now. Never rejects. */
  async flush(what: "all" | "within the budget" = "all"): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#take();
    await this.#write(async (db, table) => {
      // What is put in meanwhile is for the next time: others want the disk too.
      for (let left = this.#pending.size; left > 0;) {
        if (what === "within the budget" && this.#budget.left <= 0) break;
        const slice = this.#pending.takeSlice();
        if (slice.size === 0) break;
        left -= slice.size;
        const refused = [...slice.keys()].filter((key) => this.#refused.delete(key));
        if (refused.some((key) => table.has(key))) this.#markRefused();
        this.#budget.spend(await table.write(db, slice));
      }
      this.#forgetVaries(table);
    });
    if (this.#pending.size > 0)
      this.#arm(Math.max(this.#options.flushMs, this.#budget.msUntil(leastBytes)));
  }

  /** Within work on the disk, before the removal. */
  #markRefused(): void {
    this.#disk.markRewriteDue();
    this.#options.refused();
  }

  /** Looks at what was told. */
  #take(): void {
    const all = this.#told;
    this.#told = [];
    this.#toldBytes = 0;
    for (const each of all) {
      const told = each();
      if (told?.is === "answer") this.put(told.request, told.answer);
      else for (const refused of told?.requests ?? []) void this.remove(refused);
    }
  }

  /** What could not be written is not remembered either: memory has its own limit. */
  async #write(work: (db: Database, table: ReplayTable) => Promise<void>): Promise<void> {
    const outcome = await this.#disk.exclusive((db) => work(db, this.#load(db)));
    if (outcome.is === "done") return;
    this.#table = undefined;
    this.#pending.clear();
    this.#refused.clear();
  }

  #arm(delayMs: number): void {
    this.#timer ??= setTimeout(() => void this.flush("within the budget"), delayMs);
  }

  /** Of requests whose answers are gone. */
  #forgetVaries(table: ReplayTable): void {
    if (this.#varies.size <= table.size + spareVaries) return;
    const bases = new Set([...table.keys, ...this.#pending.keys].map(baseOfKey));
    for (const base of this.#varies.keys()) if (!bases.has(base)) this.#varies.delete(base);
  }

  #load(db: Database): ReplayTable {
    if (this.#table !== undefined) return this.#table;
    const { answers, orphans } = readKnownRows(db);
    const readable = answers.flatMap((row) => {
      const vary = varyOf(row.head);
      if (vary !== undefined) this.#varies.set(baseOfKey(row.key), vary);
      return vary === undefined ? [] : [row];
    });
    this.#table = new ReplayTable({ answers: readable, orphans }, this.#options.limitBytes);
    return this.#table;
  }

  #keyOf(request: ReplayRequest): string {
    const base = baseOf(request);
    return keyOf(base, request, this.#varies.get(base) ?? []);
  }
}
