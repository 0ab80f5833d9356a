import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
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
import { Disk } from "./disk.ts";

const scope = configMapScope();
const isRoot = process.getuid?.() === 0;
const nobody = 65_534;
let temporary: Awaited<ReturnType<typeof createTemporaryFolder>>;
let folder: string;
let victim: string;

beforeEach(async () => {
  temporary = await createTemporaryFolder("edge-proxy-foreign-");
  folder = join(temporary.dir, "cache");
  victim = join(temporary.dir, "victim");
  mkdirSync(folder, { mode: 0o700 });
});
afterEach(() => temporary.remove());

function faultOf(path: string) {
  const opened = Disk.open(path, { now: Date.now, report: () => undefined });
  return opened.is === "fault" ? opened.fault : undefined;
}

async function store(version: number): Promise<void> {
  const { disk, snapshot } = openSnapshot(folder);
  await snapshot.replace(scope, stateAt(version), [objectAt("a", version)]);
  await disk.close();
}

describe("a folder that others may write to", () => {
  test.each([
    ["mode 0777", () => chmodSync(folder, 0o777), ", mode 0777)", "chmod 700"],
    ["mode 0770", () => chmodSync(folder, 0o770), "mode 0770", "chmod 700"],
    ["mode 1777", () => chmodSync(folder, 0o1777), "mode 1777", "chmod 700"],
    ["a symbolic link", () => link(), "symbolic link", "that it leads to"],
    ["a folder in it", () => mkdirSync(join(folder, "cache.db")), "cache.db in it", "remove"],
  ])("%s is refused, says what to do, and is left as it is", (_, make, reason, remedy) => {
    make();
    const before = lstatSync(folder).mode;
    for (const path of [folder, `${folder}/`, `${folder}/.`]) {
      const fault = faultOf(path);
      expect(fault).toMatchObject({ kind: "forbidden" });
      expect(fault?.reason).toContain(reason);
      expect(JSON.stringify(fault)).toContain(remedy);
    }
    expect(lstatSync(folder).mode).toBe(before);
  });

  test.skipIf(!isRoot)("one of another user is refused, by root too", () => {
    chownSync(folder, nobody, nobody);
    const fault = faultOf(folder);
    expect(fault?.kind).toBe("forbidden");
    expect(fault?.reason).toContain(`owner uid ${nobody}, mode 0700; this process is uid 0`);
  });

  test("one that others may only read is closed to them", () => {
    chmodSync(folder, 0o755);
    expect(faultOf(folder)).toBeUndefined();
    expect(lstatSync(folder).mode & 0o777).toBe(0o700);
  });
});

function link(): void {
  rmSync(folder, { recursive: true });
  mkdirSync(`${folder}-other`);
  symlinkSync(`${folder}-other`, folder);
}

const names = [
  "cache.db",
  "cache.db-wal",
  "cache.db-shm",
  "cache.db-journal",
  "cache.db-copy",
  "cache.db-copy-wal",
  "cache.db-probe",
  "cache.db.bad-20200101T000000.000Z",
  "cache.lock",
  "cache.lock-journal",
];
const kinds = [
  ["a symbolic link", (path: string) => symlinkSync(victim, path)],
  ["a symbolic link to nothing", (path: string) => symlinkSync(`${victim}-none`, path)],
  ["a hard link", (path: string) => linkSync(victim, path)],
  ["a FIFO", (path: string) => expect(Bun.spawnSync(["mkfifo", path]).success).toBe(true)],
] as const;

describe("a name in the folder that leads elsewhere", () => {
  test.each(names.flatMap((name) => kinds.map(([what, make]) => [name, what, make] as const)))(
    "%s is %s: what it leads to stays as it is, and the store works",
    async (name, _, make) => {
      await store(10);
      // A database, so that to read it, or its log, would show.
      copyFileSync(join(folder, "cache.db"), victim);
      const before = readFileSync(victim);
      rmSync(join(folder, name), { force: true });
      make(join(folder, name));
      const { disk, snapshot, reports } = openSnapshot(folder);
      const isDatabase = name === "cache.db" || name === "cache.db-wal";
      expect(reports).toMatchObject(isDatabase ? [{ kind: "damaged" }] : []);
      expect((await restore(snapshot, scope)).is).toBe(isDatabase ? "absent" : "restored");
      await disk.makeRewriteDue();
      expect((await disk.rewrite()).is).toBe("done");
      await disk.close();
      await store(20);
      expect(readFileSync(victim).equals(before)).toBe(true);
      expect(() => lstatSync(`${victim}-none`)).toThrow("ENOENT");
      const again = openSnapshot(folder);
      const answer = await restore(again.snapshot, scope);
      expect(answer.is === "restored" && summary(answer.restored)).toBe("20: a@20");
      await again.disk.close();
    },
  );

  test.each(["cache.db-copy", "cache.db-probe", "cache.db.bad-2", "cache.db-other"])(
    "%s that appears under a store at work is not followed",
    async (name) => {
      await store(10);
      writeFileSync(victim, "victim");
      const { disk, snapshot } = openSnapshot(folder);
      symlinkSync(victim, join(folder, name));
      expect((await disk.rewrite()).is).toBe("done");
      await disk.exclusive(() => Promise.reject(new Error("as a write that fails")));
      expect(readFileSync(victim, "utf8")).toBe("victim");
      expect((await restore(snapshot, scope)).is).toBe("restored");
      await disk.close();
    },
  );

  test.each([
    ["may be written by others", (path: string) => (chmodSync(path, 0o666), true)],
    ["belongs to uid 65534", (path: string) => isRoot && (chownSync(path, nobody, nobody), true)],
  ])("a database that %s is not read", async (reason, harm) => {
    await store(10);
    if (!harm(join(folder, "cache.db"))) return;
    const { disk, snapshot, reports } = openSnapshot(folder);
    expect(reports).toMatchObject([{ kind: "damaged" }]);
    expect(JSON.stringify(reports)).toContain(reason);
    expect((await restore(snapshot, scope)).is).toBe("absent");
    await disk.close();
  });
});
