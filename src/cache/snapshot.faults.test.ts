import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import { createTemporaryFolder, startChildProcess, waitUntil } from "../testing/child-process.ts";
import {
  configMapScope,
  objectAt,
  type OpenSnapshot,
  openSnapshot,
  restore,
  stateAt,
  summary,
} from "../testing/disk.ts";
import { configMap } from "../testing/objects.ts";
import type { DiskFault } from "./disk-fault.ts";
import { Disk } from "./disk.ts";
import { StoreReader } from "./store-reader.ts";

const pageBytes = 8192;
const scope = configMapScope();
let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;
let path: string;

beforeEach(async () => {
  folder = await createTemporaryFolder("edge-proxy-faults-");
  path = join(folder.dir, "cache.db");
});
afterEach(() => folder.remove());

function large(name: string) {
  return configMap({ name, resourceVersion: "3", uid: "u".repeat(9000) });
}

/** Two scopes, of which the second has a history. */
async function fill(open: OpenSnapshot): Promise<void> {
  await open.snapshot.replace(configMapScope("other"), stateAt(9), [large("z")]);
  await open.snapshot.replace(scope, stateAt(10), ["a", "b", "c", "d"].map(large));
  const item = objectAt("a", 11);
  const changes = [{ type: "MODIFIED", item, previous: large("a") } as const];
  await open.snapshot.write([{ scope, state: stateAt(11), changes }]);
}

function manyAt(version: number) {
  return Array.from({ length: 300 }, (_, index) =>
    configMap({ name: `n${index}`, resourceVersion: String(version), uid: "u".repeat(20_000) }),
  );
}

const whole = "11: a@11 b@3 c@3 d@3";

async function fillAndClose(): Promise<void> {
  const open = openSnapshot(folder.dir);
  await fill(open);
  await open.disk.close();
}

async function stateOf(open: OpenSnapshot): Promise<string> {
  const answer = await restore(open.snapshot, scope).catch(() => undefined);
  if (answer === undefined) return "absent";
  return answer.is === "restored" ? summary(answer.restored) : answer.is;
}

/** Reads and then writes a file that was tampered with: all states that may be seen, and it works afterwards. */
async function expectHonest(what: string): Promise<string> {
  const open = openSnapshot(folder.dir);
  const state = await stateOf(open);
  if (!["absent", "damaged", whole].includes(state)) throw new Error(`${what}: ${state}`);
  const items = [objectAt("new", 20)];
  for (let attempt = 0; attempt < 2; attempt++)
    await open.snapshot.replace(scope, stateAt(20), items);
  const after = await stateOf(open);
  if (after !== "20: new@20") throw new Error(`${what}: written anew it is ${after}`);
  await open.disk.close();
  return open.reports.find((fault) => fault !== undefined)?.kind ?? state;
}

function badFiles(): readonly string[] {
  return readdirSync(folder.dir).filter((name) => name.includes(".bad-") && !name.endsWith("-wal"));
}

function refusal(dir: string): DiskFault["kind"] | undefined {
  const opened = Disk.open(dir, { now: Date.now, report: () => undefined });
  return opened.is === "fault" ? opened.fault.kind : undefined;
}

describe("a damaged file", () => {
  test("bits flipped in any page never make a list shorter", async () => {
    await fillAndClose();
    copyFileSync(path, `${path}.whole`);
    const pages = statSync(path).size / pageBytes;
    const seen = new Map<string, number>();
    const header = Array.from({ length: 100 }, (_, at) => [at, 0x05] as const);
    const flips = [
      [3, 0xff],
      [20, 0x01],
      [101, 0x04],
      [4000, 0x80],
      [8190, 0x10],
    ] as const;
    for (let page = 0; page < pages; page++) {
      for (const [offset, mask] of page === 0 ? [...header, ...flips] : flips) {
        const bytes = new Uint8Array(readFileSync(`${path}.whole`));
        const at = page * pageBytes + offset;
        bytes[at] = (bytes[at] ?? 0) ^ mask;
        writeFileSync(path, bytes);
        const became = await expectHonest(`page ${page} byte ${offset}`);
        seen.set(became, (seen.get(became) ?? 0) + 1);
      }
    }
    expect(seen.get("damaged")).toBeGreaterThan(0);
    expect(badFiles().length).toBeLessThanOrEqual(2);
  }, 30_000);

  test("cut at any page, it is never a shorter list", async () => {
    await fillAndClose();
    copyFileSync(path, `${path}.whole`);
    for (let pages = statSync(path).size / pageBytes - 1; pages >= 0; pages--) {
      copyFileSync(`${path}.whole`, path);
      truncateSync(path, pages * pageBytes);
      await expectHonest(`cut to ${pages} pages`);
      copyFileSync(`${path}.whole`, path);
      truncateSync(path, pages * pageBytes + 100);
      await expectHonest(`cut to ${pages} pages and some`);
    }
  }, 30_000);

  test.each([
    ["a header of something else", (bytes: Uint8Array) => bytes.fill(0x41, 0, 100), "damaged"],
    ["another application's", (bytes: Uint8Array) => bytes.fill(1, 68, 72), "damaged"],
    ["another schema", (bytes: Uint8Array) => bytes.fill(9, 63, 64), "outdated"],
    ["nothing", () => new Uint8Array(0), "damaged"],
  ] as const)(
    "%s: it is set aside, reported once, and a fresh one begun",
    async (_, change, kind) => {
      await fillAndClose();
      writeFileSync(path, change(new Uint8Array(readFileSync(path))));
      expect(await expectHonest("header")).toBe(kind);
      expect(badFiles().length).toBe(1);
    },
  );

  test("at most two are kept", async () => {
    for (let round = 0; round < 4; round++) {
      writeFileSync(path, "no database, and longer than the header of one".repeat(4));
      await openSnapshot(folder.dir).disk.close();
      await Bun.sleep(2);
    }
    expect(badFiles().length).toBe(2);
  });

  test("one bad object makes its own scope damaged, the others stay", async () => {
    await fillAndClose();
    const bytes = readFileSync(path);
    const at = bytes.indexOf("uuuuuuuuuu", bytes.indexOf('"name":"c"'));
    bytes[at + 5] = 0x76;
    writeFileSync(path, bytes);
    const open = openSnapshot(folder.dir);
    expect(await restore(open.snapshot, scope)).toEqual({
      is: "damaged",
      reason: "default/c is damaged",
    });
    expect((await restore(open.snapshot, configMapScope("other"))).is).toBe("restored");
    await open.snapshot.replace(scope, stateAt(20), []);
    expect(await stateOf(open)).toBe("20:");
    expect(open.reports).toEqual([]);
    await open.disk.close();
  });
});

describe("a damaged log", () => {
  test("bits flipped in it give an earlier state or a damaged one, never a mixture", async () => {
    const open = openSnapshot(folder.dir);
    await fill(open);
    for (const suffix of ["", "-wal"]) copyFileSync(`${path}${suffix}`, `${path}${suffix}.whole`);
    await open.disk.close();
    const logBytes = statSync(`${path}-wal.whole`).size;
    for (let at = 10; at < logBytes; at += 1500) {
      rmSync(`${path}-shm`, { force: true });
      copyFileSync(`${path}.whole`, path);
      const bytes = new Uint8Array(readFileSync(`${path}-wal.whole`));
      bytes[at] = (bytes[at] ?? 0) ^ 0x20;
      writeFileSync(`${path}-wal`, bytes);
      const again = openSnapshot(folder.dir);
      const state = await stateOf(again);
      expect([whole, "10: a@3 b@3 c@3 d@3", "absent", "damaged"]).toContain(state);
      await again.disk.close();
    }
  }, 30_000);
});

describe("a reader beside the writer", () => {
  test("finds one whole state at every moment of a large replacement", async () => {
    const open = openSnapshot(folder.dir);
    await open.snapshot.replace(scope, stateAt(10), manyAt(10));
    let isDone = false;
    const replaced = open.snapshot
      .replace(scope, stateAt(20), manyAt(20))
      .finally(() => (isDone = true));
    const seen = new Set<string>();
    while (!isDone) {
      const reader = StoreReader.open(folder.dir);
      const [stored] = reader.scopes();
      if (stored === undefined) throw new Error("no scope");
      const { store, resourceVersion } = await reader.read(stored);
      reader.close();
      const versions = new Set(Array.from(store.items(), (item) => item.resourceVersion));
      seen.add(`${store.size} ${[...versions].join()} ${resourceVersion}`);
    }
    await replaced;
    expect(["300 10 10", "300 20 20"]).toEqual(expect.arrayContaining([...seen]));
    expect(seen.has("300 10 10")).toBe(true);
    await open.disk.close();
  }, 30_000);
});

describe("a folder that cannot be used", () => {
  test("one that another process has is refused, until that ends", async () => {
    const writer = startWriter();
    await waitUntil("it writes", () => lastLine(writer.logFile).startsWith("at "));
    expect(refusal(folder.dir)).toBe("locked");
    await writer.child.stop("SIGKILL");
    expect(refusal(folder.dir)).toBeUndefined();
  });

  test("a file in its place", () => {
    writeFileSync(join(folder.dir, "file"), "");
    expect(refusal(join(folder.dir, "file"))).toBe("missing");
    expect(refusal(join(folder.dir, "file", "below"))).toBe("missing");
  });

  test.skipIf(process.getuid?.() !== 0)("one that is not ours to write", async () => {
    await fillAndClose();
    chmodSync(folder.dir, 0o755);
    chmodSync(path, 0o644);
    const kinds = await asNobody([folder.dir, join(folder.dir, "below")]);
    expect(kinds).toEqual(["forbidden", "forbidden"]);
  });
});

describe("a disk that is full", () => {
  test.skipIf(!canMount())(
    "stops nothing: the last whole state stays, and later it is written again",
    async () => {
      mkdirSync(join(folder.dir, "small"));
      const small = join(folder.dir, "small");
      Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=3m,mode=700", "tmpfs", small]);
      try {
        const open = openSnapshot(small);
        await open.snapshot.replace(scope, stateAt(10), [objectAt("a", 3)]);
        const filler = join(small, "filler");
        writeFileSync(filler, new Uint8Array(1 << 20));
        const items = Array.from({ length: 20 }, (_, index) =>
          configMap({ name: `n${index}`, uid: "u".repeat(200_000) }),
        );
        const full = await open.snapshot.replace(scope, stateAt(20), items);
        expect(full).toMatchObject({ is: "fault", fault: { kind: "full" } });
        expect(open.reports).toMatchObject([{ kind: "full" }]);
        expect(await stateOf(open)).toBe("10: a@3");
        truncateSync(filler, 0);
        await open.snapshot.replace(scope, stateAt(30), [objectAt("b", 30)]);
        expect(open.reports.at(-1)).toBeUndefined();
        expect(await stateOf(open)).toBe("30: b@30");
        await open.disk.close();
      } finally {
        Bun.spawnSync(["umount", "-l", small]);
      }
    },
  );

  test.skipIf(!canMount())("and stores nothing yet is begun when there is room", async () => {
    const small = join(folder.dir, "small");
    mkdirSync(small);
    Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=3m,mode=700", "tmpfs", small]);
    try {
      const filler = join(small, "filler");
      const { bavail, bsize } = statfsSync(small);
      writeFileSync(filler, new Uint8Array(bavail * bsize));
      await expectBegunLater(small, () => truncateSync(filler, 0));
    } finally {
      Bun.spawnSync(["umount", "-l", small]);
    }
  });

  test.skipIf(!canMount())("and has no room for the folder is taken when there is", async () => {
    const small = join(folder.dir, "small");
    mkdirSync(small);
    const mount = (options: string) =>
      Bun.spawnSync(["mount", "-t", "tmpfs", "-o", options, "tmpfs", small]);
    // Of one inode, which the mount itself takes.
    mount("size=3m,mode=700,nr_inodes=1");
    try {
      await expectBegunLater(join(small, "cache"), () => mount("remount,size=3m,nr_inodes=100"));
    } finally {
      Bun.spawnSync(["umount", "-l", small]);
    }
  });
});

describe("a kill at any moment", () => {
  test("leaves a state that was one, not older than what was written for certain", async () => {
    for (let round = 0; round < 30; round++) {
      const writer = startWriter();
      await waitUntil("it has begun", () => lastLine(writer.logFile) !== "");
      await Bun.sleep(Math.random() * 100);
      await writer.child.stop("SIGKILL");
      const certain = Number(lastLine(writer.logFile).split(" ")[1]);
      const open = openSnapshot(folder.dir);
      const answer = await restore(open.snapshot, scope);
      expect(open.reports).toEqual([]);
      await open.disk.close();
      if (answer.is !== "restored") {
        expect([answer.is, certain]).toEqual(["absent", 10]);
        continue;
      }
      const { resourceVersion, store } = answer.restored;
      expect(Number(resourceVersion)).toBeGreaterThanOrEqual(certain);
      const objects = [...store.items()].filter(({ name }) => name !== "last");
      expect(objects.length).toBe(40);
      expect(new Set(objects.map((item) => item.resourceVersion)).size).toBe(1);
    }
  }, 30_000);
});

let writers = 0;

function startWriter() {
  const logFile = join(folder.dir, `writer-${writers++}.log`);
  const script = join(import.meta.dir, "../testing/disk-writer.ts");
  const child = startChildProcess([process.execPath, script, folder.dir], { logFile });
  return { child, logFile };
}

function lastLine(file: string): string {
  const text = readFileSync(file, "utf8");
  return text.slice(0, text.lastIndexOf("\n")).split("\n").at(-1) ?? "";
}

/** What a process without rights is told of each folder. */
async function asNobody(dirs: readonly string[]): Promise<readonly string[]> {
  const module = join(import.meta.dir, "disk.ts");
  const script = `process.setgid(65534); process.setuid(65534);
    for (const dir of ${JSON.stringify(dirs)}) {
      const opened = Disk.open(dir, { now: Date.now, report: () => {} });
      console.log(opened.is === "fault" ? opened.fault.kind : "open");
    }`;
  const code = `const { Disk } = await import(${JSON.stringify(module)}); ${script}`;
  const child = Bun.spawn([process.execPath, "-e", code], { stderr: "inherit" });
  return (await new Response(child.stdout).text()).trim().split("\n");
}

/** Nothing is stored in a folder for which there is no room; then there is, and something is. */
async function expectBegunLater(dir: string, makeRoom: () => unknown): Promise<void> {
  const open = openSnapshot(dir);
  const replace = () => open.snapshot.replace(scope, stateAt(10), [objectAt("a", 3)]);
  expect(await replace()).toMatchObject({ is: "fault", fault: { kind: "full" } });
  expect(open.reports).toMatchObject([{ kind: "full" }]);
  makeRoom();
  expect(await replace()).toEqual({ is: "done", value: "written" });
  expect(open.reports).toMatchObject([{ kind: "full" }, undefined]);
  expect(readdirSync(dir).filter((name) => name.includes(".bad-"))).toEqual([]);
  await open.disk.close();
  const again = openSnapshot(dir);
  expect(await stateOf(again)).toBe("10: a@3");
  await again.disk.close();
}

function canMount(): boolean {
  return process.getuid?.() === 0 && Bun.spawnSync(["unshare", "-m", "true"]).success;
}
