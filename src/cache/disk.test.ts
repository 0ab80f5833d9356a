import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import { createTemporaryFolder } from "../testing/child-process.ts";
import {
  configMapScope,
  objectAt,
  type OpenSnapshot,
  openSnapshot,
  stateAt,
} from "../testing/disk.ts";
import type { Database } from "./database.ts";
import { DamagedFileError } from "./disk-fault.ts";
import { databasePath } from "./disk-folder.ts";
import type { Disk } from "./disk.ts";
import { scopeId } from "./scope-id.ts";

let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;
let open: OpenSnapshot;

beforeEach(async () => {
  folder = await createTemporaryFolder("edge-proxy-disk-");
  open = openSnapshot(folder.dir);
});
afterEach(async () => {
  await open.disk.close();
  await folder.remove();
});

const folds = (db: Database) => db.get<{ folds: number }>("SELECT folds FROM log");
const read = (disk: Disk) => disk.exclusive(async (db) => folds(db));
const write = (disk: Disk) =>
  disk.exclusive(async (db) => db.run("UPDATE log SET folds = folds + 1"));
/** Every row of every table that is more than a count. */
const all = (disk: Disk) =>
  disk.exclusive(async (db) =>
    ["scope", "segment", "replay", "owner", "used"].map((name) => db.all(`SELECT * FROM ${name}`)),
  );
/** A write for which there is no room. */
const writeInVain = (disk: Disk) => disk.exclusive(() => Promise.reject(noRoom()));
const noRoom = () => Object.assign(new Error("no room"), { code: "ENOSPC" });

const path = () => databasePath(folder.dir);
const badFiles = () => readdirSync(folder.dir).filter((name) => name.includes(".bad-"));
const bytesInFolder = () =>
  Buffer.concat(
    readdirSync(folder.dir).map((name) => readFileSync(join(folder.dir, name))),
  ).toString("latin1");
function replaceFile(): void {
  copyFileSync(path(), `${path()}-other`);
  renameSync(`${path()}-other`, path());
}

describe("Disk", () => {
  test("a fault ends with a write that succeeds, not with a read, nor with a write of nothing", async () => {
    const { disk, reports } = open;
    await writeInVain(disk);
    expect(await read(disk)).toMatchObject({ is: "done" });
    await disk.exclusive(async (db) => db.run("DELETE FROM replay"));
    expect(disk.fault?.kind).toBe("full");
    expect(reports).toMatchObject([{ kind: "full" }]);
    await write(disk);
    expect(disk.fault).toBeUndefined();
    expect(reports).toMatchObject([{ kind: "full" }, undefined]);
  });

  test("a fault is told once, however often reads come between", async () => {
    const { disk, reports } = open;
    for (let round = 0; round < 3; round++) {
      await writeInVain(disk);
      await read(disk);
    }
    expect(reports).toHaveLength(1);
    expect([...disk.faultCounts]).toEqual([["full", 1]]);
    await write(disk);
    await writeInVain(disk);
    expect([...disk.faultCounts]).toEqual([["full", 2]]);
  });

  test.each([
    ["the file removed", "removed", () => rmSync(path())],
    ["the log removed", "removed", () => rmSync(`${path()}-wal`)],
    ["the folder removed", "removed", () => rmSync(folder.dir, { recursive: true })],
    ["another file in its place", "replaced", replaceFile],
    ["the file cut to nothing", "cut", () => truncateSync(path(), 0)],
    ["the file cut within", "cut", () => truncateSync(path(), statSync(path()).size - 100)],
  ])("%s under it is a fault that says so, and another is begun", async (_, reason, harm) => {
    const { disk, reports } = open;
    await write(disk);
    harm();
    for (const fault of [await read(disk), reports[0]])
      expect(JSON.stringify(fault)).toContain(`was ${reason} while it was in use`);
    expect(await write(disk)).toMatchObject({ is: "done" });
    expect(await read(disk)).toEqual({ is: "done", value: { folds: 1 } });
    expect(reports).toMatchObject([{ kind: "damaged" }, undefined]);
    expect(statSync(folder.dir).mode & 0o777).toBe(0o700);
    expect(() => openSnapshot(folder.dir)).toThrow("another process uses it");
  });

  test("a folder that another process has taken since is left to it, and taken when it is free", async () => {
    const { disk, reports } = open;
    rmSync(folder.dir, { recursive: true });
    const other = openSnapshot(folder.dir);
    for (let round = 0; round < 2; round++)
      expect(await write(disk)).toMatchObject({ is: "fault" });
    expect(reports).toMatchObject([{ kind: "locked" }]);
    expect(await write(other.disk)).toMatchObject({ is: "done" });
    expect(badFiles()).toEqual([]);
    await other.disk.close();
    expect(await write(disk)).toMatchObject({ is: "done" });
    expect(reports).toMatchObject([{ kind: "locked" }, undefined]);
  });

  test("a folder that is removed again before another file was begun is made again", async () => {
    const { disk } = open;
    for (let round = 0; round < 2; round++) {
      rmSync(folder.dir, { recursive: true });
      expect(await read(disk)).toMatchObject({ is: "fault" });
    }
    expect(await write(disk)).toMatchObject({ is: "done" });
  });

  test.each([
    ["gone", () => rmSync(path())],
    ["empty", () => truncateSync(path(), 0)],
  ])("a file that is %s beside a log that is not is damaged", async (what, harm) => {
    await write(open.disk);
    const log = readFileSync(`${path()}-wal`);
    await open.disk.close();
    harm();
    writeFileSync(`${path()}-wal`, log);
    open = openSnapshot(folder.dir);
    expect(open.reports).toMatchObject([
      { kind: "damaged", reason: `it is ${what}, and its log is not` },
    ]);
    expect(badFiles().some((name) => name.endsWith("-wal"))).toBe(true);
    expect(await read(open.disk)).toEqual({ is: "done", value: { folds: 0 } });
  });

  test("a rewrite that a kill came before is due, and leaves no byte of what was deleted", async () => {
    const bytes = () => readFileSync(path()).includes("needle");
    await open.disk.exclusive(async (db) => db.run("INSERT INTO owner VALUES ('needle', '', 0)"));
    await open.disk.makeRewriteDue();
    await open.disk.exclusive(async (db) => db.run("DELETE FROM owner"));
    await open.disk.close();
    expect(bytes()).toBe(true);
    open = openSnapshot(folder.dir);
    expect(open.disk.isRewriteDue).toBe(true);
    expect(await open.disk.rewrite()).toMatchObject({ is: "done" });
    expect(open.disk.isRewriteDue).toBe(false);
    expect(await write(open.disk)).toMatchObject({ is: "done" });
    expect(readdirSync(folder.dir).toSorted()).toEqual([
      "cache.db",
      "cache.db-shm",
      "cache.db-wal",
      "cache.lock",
    ]);
    expect(bytes()).toBe(false);
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    expect(open.reports).toEqual([]);
  });

  test("a rewrite keeps every row, and lets everything else have its turn", async () => {
    const { disk, snapshot } = open;
    for (const namespace of ["a", "b"]) {
      const items = Array.from({ length: 2000 }, (_, index) => objectAt(`n${index}`, 3));
      await snapshot.replace(configMapScope(namespace), stateAt(10), items);
    }
    await snapshot.noteUses([{ id: scopeId(configMapScope("a")), usedAt: 7 }]);
    await disk.exclusive(async (db) => db.run("INSERT INTO owner VALUES ('k', 's', 4294967295)"));
    const before = await all(disk);
    let turns = 0;
    const counting = setInterval(() => turns++, 0);
    expect(await disk.rewrite()).toMatchObject({ is: "done" });
    clearInterval(counting);
    expect(turns).toBeGreaterThan(0);
    expect(await all(disk)).toEqual(before);
    expect(open.reports).toEqual([]);
  });

  test("what cannot be copied does not stay either, set aside or not", async () => {
    const { disk, reports } = open;
    await disk.exclusive(async (db) => db.run("INSERT INTO used VALUES ('needle', 0)"));
    await disk.exclusive(async (db) => db.fold("always"));
    await disk.exclusive(async (db) => db.run("DROP TABLE owner"));
    expect(await disk.rewrite()).toMatchObject({ is: "done" });
    expect(bytesInFolder()).not.toContain("needle");
    expect(badFiles()).toEqual([]);
    expect(reports).toMatchObject([{ kind: "damaged" }]);
  });

  test("an erasure leaves no byte of what was stored, or set aside, and goes on with an empty file", async () => {
    const { disk, reports } = open;
    const begun: string[] = [];
    disk.onAnotherFile(() => begun.push("again"));
    await disk.exclusive(async (db) => db.run("INSERT INTO owner VALUES ('needle', '', 0)"));
    writeFileSync(`${path()}.bad-20200101T000000.000Z`, "needle");
    writeFileSync(`${path()}-copy`, "needle");
    expect(await disk.erase()).toMatchObject({ is: "done" });
    expect(bytesInFolder()).not.toContain("needle");
    expect(badFiles()).toEqual([]);
    expect(await read(disk)).toEqual({ is: "done", value: { folds: 0 } });
    expect([begun, reports]).toEqual([["again"], []]);
  });

  test("an erasure that a fault came before is done before anything else", async () => {
    const { disk } = open;
    await disk.exclusive(async (db) => db.run("INSERT INTO owner VALUES ('needle', '', 0)"));
    let room = 0;
    disk.onAnotherFile(() => {
      if (room++ === 0) throw noRoom();
    });
    replaceFile();
    expect(await disk.erase()).toMatchObject({ is: "fault", fault: { kind: "full" } });
    expect(bytesInFolder()).not.toContain("needle");
    expect(await write(disk)).toMatchObject({ is: "done" });
    expect(badFiles()).toEqual([]);
  });

  test("an erasure leaves a folder alone that another process has taken since", async () => {
    const { disk } = open;
    rmSync(folder.dir, { recursive: true });
    const other = openSnapshot(folder.dir);
    await other.disk.exclusive(async (db) => db.run("INSERT INTO owner VALUES ('o', '', 0)"));
    expect(await disk.erase()).toMatchObject({ is: "fault", fault: { kind: "locked" } });
    expect(await all(other.disk)).toMatchObject({
      is: "done",
      value: [[], [], [], [{ key: "o" }], []],
    });
    await other.disk.close();
  });

  test("an erasure that a kill came into is done at the next start", async () => {
    await open.disk.exclusive(async (db) => db.run("INSERT INTO owner VALUES ('needle', '', 0)"));
    const log = readFileSync(`${path()}-wal`);
    await open.disk.close();
    renameSync(path(), `${path()}-gone`);
    writeFileSync(`${path()}-wal`, log);
    expect(bytesInFolder()).toContain("needle");
    open = openSnapshot(folder.dir);
    expect(bytesInFolder()).not.toContain("needle");
    expect(open.reports).toEqual([]);
  });

  test("another file is begun by who remembers, before it is used, and only once that succeeds", async () => {
    const { disk, reports } = open;
    let room = 0;
    disk.onAnotherFile((db) => {
      if (room++ < 2) throw noRoom();
      db.run("UPDATE log SET folds = 40");
    });
    await disk.exclusive(() => Promise.reject(new DamagedFileError("damaged", "a test says so")));
    for (let round = 0; round < 2; round++) {
      expect(await read(disk)).toMatchObject({ is: "fault", fault: { kind: "full" } });
      expect(existsSync(databasePath(folder.dir))).toBe(false);
    }
    expect(await read(disk)).toEqual({ is: "done", value: { folds: 40 } });
    expect(reports).toMatchObject([{ kind: "damaged" }, { kind: "full" }]);
  });
});
