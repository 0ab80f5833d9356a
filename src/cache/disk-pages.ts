// The pages of a database file and its log, read without SQLite: what SQLite would follow for ever is found before it begins
// (sqlite.org/fileformat2.html).
import { closeSync, constants, fstatSync, readSync } from "node:fs";

import { DamagedFileError } from "./disk-fault.ts";
import { requireOurHead } from "./disk-tables.ts";
import { openOwn } from "./own-files.ts";

/** Measured for blobs of 250 KB: read at 1.2 GB/s, with pages of 4 KiB at 0.8; larger ones cost more per small change. */
export const pageBytes = 8192;
/** The head of the file, at the begin of page 1. */
const headBytes = 100;
const magic = new TextEncoder().encode("SQLite format 3\0");
const utf8 = 1;
/** Kinds of pages. */
const interiorIndex = 0x02;
const interiorTable = 0x05;
const leafTable = 0x0d;
/** Heads of pages: of a leaf and of others. */
const leafHeadBytes = 8;
const interiorHeadBytes = 12;
/** Longer payloads continue on other pages (1.6). */
const maxLocalBytes = pageBytes - 35;

const logHeadBytes = 32;
const frameHeadBytes = 24;
/** A frame of the log: a page and its head (4.1). */
export const frameBytes = frameHeadBytes + pageBytes;
const logMagic = 0x377f0682;
/** Hundreds of times what the log grows to: no log of this program is so long, and to check one takes time. */
const maxLogBytes = 256 << 20;

/**
 * Looks at a database before SQLite opens it; nobody may write to it meanwhile, nor may it be open in this process (to close a
 * file drops all locks on it, fcntl(2)). Gives the first pages of its tables and indexes; undefined where nothing has been
 * written to it yet. Throws the system's errors, and a DamagedFileError where page 1 is not that of a file of ours, the schema is
 * larger than ours, or what SQLite would read has no end.
 */
export function requireFinite(path: string): readonly number[] | undefined {
  const file = openOwn(path, constants.O_RDONLY);
  let log: number | undefined;
  try {
    log = openIfThere(`${path}-wal`);
    const pages = new DiskPages(file, log);
    if (pages.isEmpty) return undefined;
    const roots = pages.requireOurHead();
    pages.requireTrees(roots);
    return roots;
  } finally {
    for (const descriptor of [file, log]) if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** A database file as it is to who reads it, the log laid over it. */
class DiskPages {
  readonly #file: number;
  readonly #log: number | undefined;
  /** Where in the log the newest state of a page lies, by the page's number. */
  readonly #inLog: ReadonlyMap<number, number>;
  readonly #count: number;

  constructor(file: number, log: number | undefined) {
    this.#file = file;
    this.#log = log;
    this.#inLog = log === undefined ? new Map() : readLog(log);
    const { size } = fstatSync(file);
    this.#count = Math.max(Math.ceil(size / pageBytes), ...this.#inLog.keys());
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** All of the schema lies on page 1. Gives the first pages of what it names. */
  requireOurHead(): readonly number[] {
    const page = this.#read(1, pageBytes);
    const size = page.readUInt16BE(16);
    if (!page.subarray(0, magic.length).equals(magic) || size !== pageBytes || page[20] !== 0)
      throw new DamagedFileError("damaged", "its head is none of a cache of edge-proxy");
    const encoding = page.readUInt32BE(56);
    requireOurHead({
      applicationId: page.readUInt32BE(68),
      schemaVersion: page.readUInt32BE(60),
    });
    if (page[headBytes] !== leafTable || (encoding !== utf8 && encoding !== 0))
      throw new DamagedFileError("damaged", "its first page is none of a cache of edge-proxy");
    const cells = Math.min(page.readUInt16BE(headBytes + 3), pageBytes);
    return Array.from({ length: cells }, (_, cell) => rootOf(page, cell));
  }

  /**
   * Throws a DamagedFileError where a page is reached twice on the way down from these: to read what lies below it could take for
   * ever, as a few pages can name each other more often than can be counted. All else that is wrong SQLite finds itself.
   */
  requireTrees(roots: readonly number[]): void {
    const reached = new Set<number>();
    const open = [...roots];
    for (let number = open.pop(); number !== undefined; number = open.pop()) {
      if (number < 1 || number > this.#count) continue;
      if (reached.has(number))
        throw new DamagedFileError("damaged", `its page ${number} has more than one place`);
      reached.add(number);
      for (const child of this.#children(number)) open.push(child);
    }
  }

  #children(number: number): readonly number[] {
    const start = number === 1 ? headBytes : 0;
    const kind = this.#read(number, start + interiorHeadBytes)[start];
    if (kind !== interiorIndex && kind !== interiorTable) return [];
    const page = this.#read(number, pageBytes);
    const first = start + interiorHeadBytes;
    const cells = Math.min(page.readUInt16BE(start + 3), Math.floor((pageBytes - first) / 2));
    const children = [page.readUInt32BE(start + 8)];
    for (let cell = 0; cell < cells; cell++) {
      const at = page.readUInt16BE(first + 2 * cell);
      if (at + 4 <= pageBytes) children.push(page.readUInt32BE(at));
    }
    return children;
  }

  /** The begin of a page; what is not there is zero. */
  #read(number: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    const at = this.#inLog.get(number);
    if (at !== undefined && this.#log !== undefined) readSync(this.#log, bytes, 0, length, at);
    else readSync(this.#file, bytes, 0, length, (number - 1) * pageBytes);
    return bytes;
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return openOwn(path, constants.O_RDONLY);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** The first page of what a row of the schema names (sqlite.org/fileformat2.html, 2.1 and 2.6). */
function rootOf(page: Buffer, cell: number): number {
  const pointer = headBytes + leafHeadBytes + 2 * cell;
  const reader = new VarintReader(page, pointer + 2 <= pageBytes ? page.readUInt16BE(pointer) : 0);
  const payload = reader.next();
  reader.next();
  const start = reader.at;
  const recordHead = reader.next();
  const [type, name, table, root] = [reader.next(), reader.next(), reader.next(), reader.next()];
  const at = start + recordHead + textBytes(type) + textBytes(name) + textBytes(table);
  const length = root === zero ? 0 : integerBytes[root];
  // What is longer than a page has room for goes on elsewhere, and may be as long as it likes.
  if (!(payload <= maxLocalBytes) || length === undefined || !(at + length <= pageBytes))
    throw new DamagedFileError("damaged", "its schema is not ours");
  return length === 0 ? 0 : page.readUIntBE(at, length);
}

/** The kind of the integer 0, which views and triggers have: they have no pages. */
const zero = 8;
/** Bytes of integers, by how a record names their kind. */
const integerBytes: Readonly<Record<number, number>> = { 1: 1, 2: 2, 3: 3, 4: 4, 5: 6 };

/** Of a text that a record names so; of all else, which is none in a schema, more than a page. */
function textBytes(serialType: number): number {
  return serialType >= 13 && serialType % 2 === 1 ? (serialType - 13) / 2 : Infinity;
}

/** Reads integers of one to nine bytes one after the other (1.6). What does not end on the page, or has nine, is no number. */
class VarintReader {
  readonly #page: Uint8Array;
  at: number;

  constructor(page: Uint8Array, at: number) {
    this.#page = page;
    this.at = at;
  }

  next(): number {
    let value = 0;
    for (let count = 0; count < 8; count++) {
      const byte = this.#page[this.at++] ?? 0xff;
      value = value * 128 + (byte & 0x7f);
      if (byte < 0x80) return value;
    }
    return NaN;
  }
}

/** The frames that SQLite takes: up to the last that ends a transaction, all before it whole (sqlite.org/fileformat2.html, 4.2 to 4.4). */
function readLog(log: number): ReadonlyMap<number, number> {
  const { size } = fstatSync(log);
  const places = new Map<number, number>();
  const head = Buffer.alloc(logHeadBytes);
  if (readSync(log, head, 0, logHeadBytes, 0) < logHeadBytes) return places;
  const isLittleEndian = head.readUInt32BE(0) === logMagic;
  if (!isLittleEndian && head.readUInt32BE(0) !== logMagic + 1) return places;
  const sums: Sums = [0, 0];
  add(sums, head.subarray(0, 24), isLittleEndian);
  if (sums[0] !== head.readUInt32BE(24) || sums[1] !== head.readUInt32BE(28)) return places;
  if (head.readUInt32BE(8) !== pageBytes || size > maxLogBytes)
    throw new DamagedFileError("damaged", "its log is none of a cache of edge-proxy");
  const salt = head.subarray(16, 24);
  const frame = Buffer.alloc(frameBytes);
  let pending: [page: number, at: number][] = [];
  for (let at = logHeadBytes; at + frameBytes <= size; at += frameBytes) {
    if (readSync(log, frame, 0, frameBytes, at) < frameBytes) break;
    if (!frame.subarray(8, 16).equals(salt)) break;
    add(sums, frame.subarray(0, 8), isLittleEndian);
    add(sums, frame.subarray(frameHeadBytes), isLittleEndian);
    if (sums[0] !== frame.readUInt32BE(16) || sums[1] !== frame.readUInt32BE(20)) break;
    pending.push([frame.readUInt32BE(0), at + frameHeadBytes]);
    if (frame.readUInt32BE(4) === 0) continue;
    for (const [page, place] of pending) places.set(page, place);
    pending = [];
  }
  return places;
}

type Sums = [first: number, second: number];

function add(sums: Sums, bytes: Uint8Array, isLittleEndian: boolean): void {
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let [first, second] = sums;
  for (let at = 0; at < bytes.length; at += 8) {
    first = (first + words.getUint32(at, isLittleEndian) + second) >>> 0;
    second = (second + words.getUint32(at + 4, isLittleEndian) + first) >>> 0;
  }
  sums[0] = first;
  sums[1] = second;
}
