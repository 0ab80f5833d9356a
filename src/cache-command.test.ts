import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import { runCacheCommand } from "./cache-command.ts";
import { takeFolder } from "./cache/disk-folder.ts";
import { scopeId } from "./cache/scope-id.ts";
import { createTemporaryFolder } from "./testing/child-process.ts";
import { configMapScope, objectAt, openSnapshot, stateAt } from "./testing/disk.ts";

const writtenAt = 1_000_000;
let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;

beforeEach(async () => {
  folder = await createTemporaryFolder("edge-proxy-cache-command-");
  const { disk, snapshot } = openSnapshot(folder.dir, 1 << 20, () => writtenAt);
  await snapshot.replace(configMapScope(), stateAt(10), [objectAt("a", 3), objectAt("b", 4)]);
  await snapshot.replace(configMapScope("empty"), stateAt(12), []);
  await snapshot.noteUses([{ id: scopeId(configMapScope()), usedAt: writtenAt + 20_000 }]);
  await disk.close();
});
afterEach(() => folder.remove());

async function run(...words: readonly string[]): Promise<readonly [number, string]> {
  const argv = [...words, "--disk-cache-path", folder.dir];
  const { output, exitCode } = await runCacheCommand(argv, writtenAt + 61_400);
  return [exitCode, await new Blob([...output]).text()];
}

const file = () => join(folder.dir, "cache.db");
function patchFile(change: (bytes: Buffer) => void): void {
  const bytes = readFileSync(file());
  change(bytes);
  writeFileSync(file(), bytes);
}

describe("runCacheCommand", () => {
  test("ls shows the scopes", async () => {
    const [exitCode, text] = await run("ls");
    expect(exitCode).toBe(0);
    expect(text.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
      ["NUMBER", "SCOPE", "OBJECTS", "SIZE", "RESOURCEVERSION", "AGE", "LAST USE"],
      ["1", "configmaps, json", "2", expect.any(String), "10", "61s", "41s"],
      ["2", "configmaps in empty, json", "0", "0", "12", "61s", "61s"],
      [""],
    ]);
  });

  test("verify ends with 1 and says what is damaged", async () => {
    expect(await run("verify")).toEqual([0, "2 scopes, all as they were written\n"]);
    patchFile((bytes) => bytes.writeUInt8(0x58, bytes.indexOf('"uid":"uid-b"') + 8));
    expect(await run("verify")).toEqual([1, "1 configmaps, json: default/b is damaged\n"]);
  });

  test("export is the list that the scope would answer", async () => {
    const [exitCode, text] = await run("export", "1");
    expect([exitCode, JSON.parse(text)]).toMatchObject([
      0,
      {
        kind: "ConfigMapList",
        metadata: { resourceVersion: "10" },
        items: [{ metadata: { name: "a" } }, { metadata: { name: "b" } }],
      },
    ]);
  });

  test("clear removes one scope, or all that is in the folder", async () => {
    expect(await run("clear", "1")).toEqual([0, "1 removed\n"]);
    expect((await run("ls"))[1]).not.toContain("configmaps, json");
    expect(await run("clear")).toEqual([0, "all removed\n"]);
    expect(readdirSync(folder.dir)).toEqual(["cache.lock"]);
  });

  test.each([
    ["damaged", () => writeFileSync(file(), "x".repeat(100_000))],
    ["empty", () => truncateSync(file(), 0)],
    ["of another version", () => patchFile((bytes) => bytes.writeUInt32BE(1, 60))],
    ["gone, its log not", () => renameSync(file(), `${file()}-wal`)],
  ])("clear removes a file that is %s, in use it does not", async (_, damage) => {
    damage();
    await expect(run("ls")).rejects.toThrow(file());
    const letGo = takeFolder(folder.dir);
    await expect(run("clear")).rejects.toThrow("another process uses it");
    letGo();
    expect(await run("clear")).toEqual([0, "all removed\n"]);
    expect(readdirSync(folder.dir)).toEqual(["cache.lock"]);
  });

  test.each([
    ["no file", () => rmSync(file())],
    ["no folder", () => rmSync(folder.dir, { recursive: true })],
  ])("where there is %s nothing is stored, which is said, and nothing made", async (_, remove) => {
    remove();
    for (const action of ["ls", "verify", "clear"])
      expect(await run(action)).toEqual([0, `nothing is stored in ${folder.dir}\n`]);
    await expect(run("export", "1")).rejects.toThrow("it is gone");
    expect(existsSync(file())).toBe(false);
  });

  test("a store in use can be read, and not cleared", async () => {
    const { disk } = openSnapshot(folder.dir);
    expect((await run("verify"))[0]).toBe(0);
    await expect(run("clear")).rejects.toThrow("another process uses it");
    await expect(run("clear", "1")).rejects.toThrow("another process uses it");
    await disk.close();
  });

  test("a folder that others may write to is not cleared, and what to do is said", async () => {
    chmodSync(folder.dir, 0o770);
    await expect(run("clear")).rejects.toThrow(`mode 0770); run "chmod 700 ${folder.dir}"`);
    expect(existsSync(file())).toBe(true);
  });

  test.each([
    [["bla"], "it is ls, verify, export or clear"],
    [["export"], "a NUMBER is missing"],
    [["export", "x"], "one NUMBER of cache ls is taken"],
    [["export", "9"], "there is no scope 9 on disk"],
    [["ls", "--nonsense"], "unknown flag"],
  ])("%p is refused: %s", async (words, message) => {
    await expect(run(...words)).rejects.toThrow(message);
  });

  test("alone it says what there is", async () => {
    const { output, exitCode } = await runCacheCommand([]);
    expect([exitCode, [...output].join("")]).toEqual([0, expect.stringContaining("verify")]);
  });
});
