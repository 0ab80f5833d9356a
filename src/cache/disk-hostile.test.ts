import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { createTemporaryFolder } from "../testing/child-process.ts";
import {
  configMapScope,
  objectAt,
  openSnapshot,
  restore,
  stateAt,
  summary,
} from "../testing/disk.ts";
import { Database } from "./database.ts";
import { databasePath } from "./disk-folder.ts";
import { DiskOwner } from "./disk-owner.ts";
import { frameBytes, pageBytes, requireFinite } from "./disk-pages.ts";
import type { Disk } from "./disk.ts";
import { partOwner } from "./replay-parts.ts";
import { baseOf, checksumOfAnswer } from "./replay-rows.ts";
import { Replay } from "./replay.ts";
import { scopeId } from "./scope-id.ts";
import type { SegmentOwner } from "./scope-rows.ts";
import { checksumOf } from "./segment.ts";
import { StoreReader } from "./store-reader.ts";
import { maxRowBytes } from "./stored-shapes.ts";

const scope = configMapScope();
let temporary: Awaited<ReturnType<typeof createTemporaryFolder>>;
let folder: string;
let path: string;

beforeEach(async () => {
  temporary = await createTemporaryFolder("edge-proxy-hostile-");
  folder = join(temporary.dir, "cache");
  path = databasePath(folder);
  mkdirSync(folder, { mode: 0o700 });
  const { disk, snapshot } = openSnapshot(folder);
  const items = Array.from({ length: 50 }, (_, index) => objectAt(`n${index}`, 3));
  await snapshot.replace(scope, stateAt(10), items);
  await disk.close();
});
afterEach(() => temporary.remove());

/** A start on what lies there sets it aside, says why, and works. */
async function expectSetAside(reason: string): Promise<void> {
  const { disk, snapshot, reports } = openSnapshot(folder);
  expect(reports).toMatchObject([{ kind: "damaged" }]);
  expect(JSON.stringify(reports)).toContain(reason);
  await snapshot.replace(scope, stateAt(20), [objectAt("new", 20)]);
  const answer = await restore(snapshot, scope);
  expect(answer.is === "restored" && summary(answer.restored)).toBe("20: new@20");
  await disk.close();
}

function change(...statements: readonly string[]): void {
  const db = Database.openWriter(path);
  for (const sql of statements) db.run(sql);
  db.abandon();
}

const endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)";

describe("a database that is not made as ours are", () => {
  test.each([
    [
      "a trigger that never ends",
      [
        `CREATE TRIGGER t AFTER UPDATE ON log BEGIN INSERT INTO owner ${endless} SELECT i, i, i FROM n; END`,
      ],
      'its trigger \\"t\\"',
    ],
    [
      "a view that never ends where a table should be",
      [
        "DROP TABLE owner",
        `CREATE VIEW owner AS ${endless} SELECT i AS key, i AS state, i AS checksum FROM n`,
      ],
      'its view \\"owner\\"',
    ],
    ["another table", ["CREATE TABLE more (a)"], 'its table \\"more\\"'],
    ["another index", ["CREATE INDEX more ON segment (length(hex(head)))"], 'its index \\"more\\"'],
    ["a virtual table", ["CREATE VIRTUAL TABLE more USING fts5(a)"], "is not ours"],
    [
      "a generated column",
      ["ALTER TABLE owner ADD COLUMN more AS (length(hex(zeroblob(1000000))))"],
      'its table \\"owner\\"',
    ],
    [
      "a check",
      ["DROP TABLE log", "CREATE TABLE log (folds INTEGER NOT NULL CHECK (folds < 2))"],
      'its table \\"log\\"',
    ],
    ["a default", ["DROP TABLE used", "CREATE TABLE used (name, at DEFAULT (random()))"], "used"],
    ["a table less", ["DROP TABLE used"], "a table of ours is missing"],
    [
      "a schema that is longer than a page",
      [`CREATE TABLE more (a /* ${"x".repeat(9000)} */)`],
      "schema",
    ],
    [
      "a schema of many pages",
      Array.from({ length: 40 }, (_, at) => `CREATE TABLE more${at} (a /* ${"x".repeat(1000)} */)`),
      "its first page",
    ],
  ])("%s is set aside before anything of it is run", async (_, statements, reason) => {
    change(...statements);
    expect(() => StoreReader.open(folder)).toThrow(path);
    await expectSetAside(reason);
  });

  test("pages of another size are not looked at", async () => {
    change("PRAGMA journal_mode = DELETE", "PRAGMA page_size = 512", "VACUUM");
    await expectSetAside("its head");
  });

  test("the tables are as SQLite keeps them, also in a file that was written anew", async () => {
    const { disk } = openSnapshot(folder);
    expect((await disk.rewrite()).is).toBe("done");
    await disk.close();
    const again = openSnapshot(folder);
    expect(again.reports).toEqual([]);
    await again.disk.close();
  });
});

/** The number of the first page of a table. */
function rootOf(name: string): number {
  const db = Database.openReader(path);
  const sql = "SELECT rootpage FROM sqlite_schema WHERE name = ?";
  const root = db.get<{ rootpage: number }>(sql, name)?.rootpage ?? 0;
  db.abandon();
  return root;
}

/** A page of a tree, of which all of these are below. */
function interiorPage(children: readonly number[]): Buffer {
  const page = Buffer.alloc(pageBytes);
  page[0] = 0x05;
  page.writeUInt16BE(children.length - 1, 3);
  const [last = 0, ...others] = children;
  page.writeUInt32BE(last, 8);
  for (const [index, child] of others.entries()) {
    const at = pageBytes - 5 * (index + 1);
    page.writeUInt16BE(at, 12 + 2 * index);
    page.writeUInt32BE(child, at);
    page[at + 4] = 1;
    page.writeUInt16BE(at, 5);
  }
  return page;
}

/** Pages of which each names the next many times, the last one that table's own: a tree of more leaves than can be counted. */
function forge(root: number): ReadonlyMap<number, Buffer> {
  const bytes = readFileSync(path);
  const count = bytes.length / pageBytes;
  const levels = 12;
  const pages = new Map<number, Buffer>();
  const leaf = count + levels + 1;
  pages.set(leaf, bytes.subarray((root - 1) * pageBytes, root * pageBytes));
  for (let level = 0; level <= levels; level++) {
    const next = level === levels ? leaf : count + level + 1;
    pages.set(level === 0 ? root : count + level, interiorPage(Array(500).fill(next)));
  }
  const first = Buffer.from(bytes.subarray(0, pageBytes));
  first.writeUInt32BE(leaf, 28);
  return pages.set(1, first);
}

function writeInto(pages: ReadonlyMap<number, Buffer>): void {
  const before = readFileSync(path);
  const bytes = Buffer.alloc(Math.max(before.length, Math.max(...pages.keys()) * pageBytes));
  before.copy(bytes);
  for (const [number, page] of pages) page.copy(bytes, (number - 1) * pageBytes);
  writeFileSync(path, bytes);
}

/** As one transaction of a log, as SQLite writes it. */
function writeLog(pages: ReadonlyMap<number, Buffer>): void {
  const head = Buffer.alloc(32);
  for (const [index, value] of [0x377f0682, 3007000, pageBytes, 0, 7, 8].entries())
    head.writeUInt32BE(value, 4 * index);
  let sums = sum([0, 0], head.subarray(0, 24));
  head.writeUInt32BE(sums[0], 24);
  head.writeUInt32BE(sums[1], 28);
  const frames = [...pages].map(([number, page], index) => {
    const frame = Buffer.alloc(frameBytes);
    frame.writeUInt32BE(number, 0);
    frame.writeUInt32BE(index === pages.size - 1 ? Math.max(...pages.keys()) : 0, 4);
    head.copy(frame, 8, 16, 24);
    page.copy(frame, 24);
    sums = sum(sum(sums, frame.subarray(0, 8)), page);
    frame.writeUInt32BE(sums[0], 16);
    frame.writeUInt32BE(sums[1], 20);
    return frame;
  });
  writeFileSync(`${path}-wal`, Buffer.concat([head, ...frames]), { mode: 0o600 });
}

function sum([first, second]: readonly [number, number], bytes: Buffer): readonly [number, number] {
  for (let at = 0; at < bytes.length; at += 8) {
    first = (first + bytes.readUInt32LE(at) + second) >>> 0;
    second = (second + bytes.readUInt32LE(at + 4) + first) >>> 0;
  }
  return [first, second];
}

describe("pages that name each other without end", () => {
  test.each(["log", "owner", "segment", "sqlite_autoindex_scope_1"])("below %s", async (name) => {
    writeInto(forge(rootOf(name)));
    await expectSetAside("has more than one place");
  });

  test("in the log", async () => {
    writeLog(forge(rootOf("log")));
    await expectSetAside("has more than one place");
  });

  test("that two tables have in common", async () => {
    const [log, owner] = [rootOf("log"), rootOf("owner")];
    const page = interiorPage([rootOf("used"), owner]);
    writeInto(new Map([[log, page]]));
    await expectSetAside("has more than one place");
  });

  test("are not found in what is sound, in the file and in the log", async () => {
    const roots = requireFinite(path);
    expect(roots).toHaveLength(8);
    const { disk, snapshot } = openSnapshot(folder);
    const items = Array.from({ length: 3000 }, (_, index) => objectAt(`n${index}`, 3));
    await snapshot.replace(scope, stateAt(20), items);
    const files = [readFileSync(path), readFileSync(`${path}-wal`)] as const;
    await disk.close();
    writeFileSync(path, files[0]);
    writeFileSync(`${path}-wal`, files[1], { mode: 0o600 });
    expect(requireFinite(path)).toEqual(roots);
    const again = openSnapshot(folder);
    expect(again.reports).toEqual([]);
    expect((await restore(again.snapshot, scope)).is).toBe("restored");
    await again.disk.close();
  });
});

/** A scope that another program wrote, its checksum right. */
function forgedScope(state: string): readonly (string | number)[] {
  const name = scopeId(configMapScope("x"));
  return [name, state, checksumOf(`9 ${name} 9 ${state}`)];
}

describe("rows whose checksums are right and whose contents are not", () => {
  const state = { resourceVersion: "5", form: { kind: "a", apiVersion: "b", style: "typed" } };
  test.each(["", "{", "null", "[]", "7", "{}", JSON.stringify(state)])(
    "a scope's state %p is a damaged scope, the others stay",
    async (text) => {
      const { disk, snapshot, reports } = openSnapshot(folder);
      const sql = "INSERT INTO scope VALUES (9, ?, 9, ?, ?)";
      await disk.exclusive(async (db) => db.run(sql, ...forgedScope(text)));
      const stored = await snapshot.scopes();
      expect(stored.is === "done" && stored.value.length).toBe(2);
      expect((await restore(snapshot, configMapScope("x"))).is).toBe("damaged");
      expect((await restore(snapshot, scope)).is).toBe("restored");
      expect(reports).toEqual([]);
      await disk.close();
    },
  );

  const tuple = ["held", "a/b", "5", "", 9, 9];
  test.each([
    "",
    "null",
    "[]",
    JSON.stringify([1, [tuple], "nothing"]),
    JSON.stringify([1, [tuple.with(4, -9)], "the state"]),
    JSON.stringify([1, [tuple.with(4, 1e300)], "the state"]),
    JSON.stringify([1, [tuple.with(2, 5)], "the state"]),
    JSON.stringify([1, [null], "the state"]),
  ])("a segment's head %p is a damaged scope", async (head) => {
    const { disk, snapshot, reports } = openSnapshot(folder);
    await disk.exclusive(async (db) => {
      for (const row of db.all<SegmentOwner>("SELECT number, scope, generation FROM segment")) {
        const checksum = checksumOf(`${row.number} ${row.scope} ${row.generation} ${head}`);
        db.run("UPDATE segment SET head = ?, checksum = ?", head, checksum);
      }
    });
    expect((await restore(snapshot, scope)).is).toBe("damaged");
    expect(reports).toEqual([]);
    await disk.close();
  });

  test.each([
    ["larger than any that is written", `zeroblob(${maxRowBytes + 1})`],
    ["a text", "'text'"],
  ])("a segment's body that is %s is not used", async (_, body) => {
    const { disk, snapshot } = openSnapshot(folder);
    await disk.exclusive(async (db) => db.run(`UPDATE segment SET body = ${body}`));
    expect(await restore(snapshot, scope)).toMatchObject({
      is: "damaged",
      reason: expect.stringContaining("no body"),
    });
    await disk.close();
  });

  test.each(["null", "[]", "{", '{"subject":7}', '"x"'])("an owner %p is none", async (text) => {
    const { disk } = openSnapshot(folder);
    const sql = "INSERT INTO owner VALUES ('k', ?, ?)";
    await disk.exclusive(async (db) => db.run(sql, text, checksumOf(`k ${text}`)));
    const owner = new DiskOwner(disk);
    await owner.load();
    expect(owner.compare("subject", "x")).toBe("unknown");
    await disk.close();
  });

  test.each([
    ["a head that is none", "null", "x'00'"],
    ["a header that is none", '{"headers":{"a b":"c"},"vary":[]}', "x'00'"],
    ["a header of two lines", '{"headers":{"a":"b\\nc: d"},"vary":[]}', "x'00'"],
    ["a vary that is none", '{"headers":{},"vary":[7]}', "x'00'"],
    ["a body that is a text", '{"headers":{},"vary":[]}', "'text'"],
    ["a body that is too large", '{"headers":{},"vary":[]}', `zeroblob(${maxRowBytes + 1})`],
  ])("an answer with %s is none", async (_, head, body) => {
    const { disk, reports } = openSnapshot(folder);
    const request = { ...asked, header: () => "" };
    const key = baseOf(request);
    const bytes = body === "x'00'" ? new Uint8Array(1) : new Uint8Array(maxRowBytes + 1);
    const checksum = checksumOfAnswer(key, head, checksumOf(bytes));
    const sql = `INSERT INTO replay (key, at, checksum, head, body) VALUES (?, 1, ?, ?, ${body})`;
    await disk.exclusive(async (db) => db.run(sql, key, checksum, head));
    expect(await openReplay(disk).get(request)).toBeUndefined();
    expect(reports).toEqual([]);
    await disk.close();
  });

  test("an answer of more parts than there are rows is looked at no further", async () => {
    const { disk, reports } = openSnapshot(folder);
    const request = { ...asked, header: () => "" };
    const replay = openReplay(disk);
    const head = { headers: {}, vary: [] };
    replay.put(request, { head, body: new Uint8Array(9), at: 1 });
    await replay.flush();
    await disk.exclusive(async (db) => {
      const row = db.get<{ key: string; checksum: number }>("SELECT key, checksum FROM replay");
      for (const index of ["900000000", "9e15", "Infinity", "-1", "NaN"])
        db.run(
          "INSERT INTO replay (key, at, checksum, head, body) VALUES (?, 0, 0, '', x'')",
          `part ${index} of ${partOwner(row ?? { key: "", checksum: 0 })}`,
        );
    });
    expect(await openReplay(disk).get(request)).toMatchObject({ head });
    expect(reports).toEqual([]);
    await disk.close();
  });
});

const asked = { identity: "node", method: "GET", path: "/version", query: "", accept: "*/*" };

function openReplay(disk: Disk): Replay {
  return new Replay(disk, {
    limitBytes: 99 << 20,
    flushMs: 60_000,
    isKept: () => true,
    refused: () => undefined,
  });
}
