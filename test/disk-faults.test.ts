import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import { Database } from "../src/cache/database.ts";
import { waitUntil } from "../src/testing/child-process.ts";
import { call, expectStatus, json, names } from "../src/testing/contract-client.ts";
import { writeKubeconfig } from "../src/testing/contract-upstream.ts";
import { type FakeApiserver, startFakeApiserver } from "../src/testing/fake-apiserver.ts";
import {
  diskFaultCounts,
  diskFaults,
  expectTheSameOffline,
  linesOf,
  storedVersions,
  untilStored,
  warnings,
  worksAgain,
} from "./offline-disk.ts";
import {
  binary,
  configMap,
  createAll,
  must,
  Node,
  sourceOf,
  untilCached,
} from "./offline-fixture.ts";

const configMaps = "/api/v1/namespaces/default/configmaps";
const pods = "/api/v1/namespaces/default/pods";
const scopes = ["configmaps in default, json", "pods in default, json"];
const pageBytes = 8192;
const objects = 40;
/** An account without rights, as a container has it. */
const nobody = 65_534;

let fake: FakeApiserver;
let kubeconfig: string;
let node: Node;
/** What the apiserver has, as it answers it. */
let whole: string;
/** The folder's files after a clean stop. */
let stored: string;

beforeAll(async () => {
  fake = await startFakeApiserver();
  kubeconfig = await writeKubeconfig(fake.url, fake.adminToken);
  chmodSync(kubeconfig, 0o644);
  const many = Array.from({ length: objects }, (_, index) =>
    configMap(`cm-${index}`, "a", `needle-${index}-${"x".repeat(1500)}`),
  );
  await createAll({ url: fake.url, token: fake.adminToken }, configMaps, many);
  const filled = await Node.create({ kubeconfig });
  await filled.start();
  for (const path of [configMaps, pods]) {
    await call(filled, path);
    await untilCached(filled, path);
  }
  whole = (await must(filled, configMaps)).text;
  await untilStored(filled.cacheDir, scopes, 1);
  expect(await filled.end()).toBe(0);
  stored = filled.cacheDir;
}, 30_000);

afterAll(async () => {
  await fake?.stop();
  rmSync(kubeconfig, { force: true });
  rmSync(join(stored, ".."), { recursive: true, force: true });
}, 30_000);

beforeEach(async () => {
  node = await Node.create({ kubeconfig, flags: ["--disk-flush", "50ms"] });
  mkdirSync(node.cacheDir);
  for (const name of readdirSync(stored))
    copyFileSync(join(stored, name), join(node.cacheDir, name));
  fake.faults.forget();
});

afterEach(() => node.stop(), 20_000);

const badFiles = () => readdirSync(node.cacheDir).filter((name) => name.includes(".bad-"));
const file = () => join(node.cacheDir, "cache.db");

/** Changes a byte within one object, wherever it lies. */
function damageOne(): void {
  patchFile((bytes) => {
    let at = bytes.indexOf("needle-7-");
    expect(at).toBeGreaterThan(0);
    for (; at !== -1; at = bytes.indexOf("needle-7-", at + 1)) bytes.write("n33dle", at);
  });
}

/** How often a scope of this path was filled from the apiserver. */
function fills(path: string): number {
  const watches = fake.faults.arrivals({ path, verb: "watch" });
  return watches.filter(({ query }) => query.includes("sendInitialEvents")).length;
}

/** While the apiserver is away. */
async function offline<T>(work: () => Promise<T>): Promise<T> {
  await fake.pause();
  try {
    return await work();
  } finally {
    await fake.start();
  }
}

/** How far the first scope is on disk, where the index of the log had no room: others can open what lies there only as a copy. */
function versionInCopy(): number {
  const copy = mkdtempSync(join(node.dir, "copy-"));
  for (const name of ["cache.db", "cache.db-wal"])
    copyFileSync(join(node.cacheDir, name), join(copy, name));
  return storedVersions(copy).get(scopes[0]!) ?? 0;
}

/** As a kill leaves the log when nothing of it was folded yet. */
function cutBesideLog(cut: () => void): void {
  const db = Database.openWriter(file());
  db.run("UPDATE log SET folds = folds + 1");
  const log = readFileSync(`${file()}-wal`);
  db.abandon();
  cut();
  writeFileSync(`${file()}-wal`, log);
}

const endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)";
function changeSchema(...statements: readonly string[]): void {
  const db = Database.openWriter(file());
  for (const sql of statements) db.run(sql);
  db.abandon();
}

function replaceFile(): void {
  writeFileSync(`${file()}-other`, "something else");
  renameSync(`${file()}-other`, file());
}

function patchFile(change: (bytes: Buffer) => void): void {
  const bytes = readFileSync(file());
  change(bytes);
  writeFileSync(file(), bytes);
}

/** A proxy that should not start, as this user: its exit code and what it said. */
async function refused(path: string, as: readonly string[] = []) {
  const flags = ["--kubeconfig", kubeconfig, "--bind-address=127.0.0.1:0", "--admin-address=off"];
  const run = Bun.spawn([...as, binary, ...flags, "--disk-cache-path", path], {
    stdout: "pipe",
    stderr: "pipe",
    stdin: "ignore",
    env: { HOME: node.dir },
    timeout: 10_000,
  });
  const [out, err] = await Promise.all([
    new Response(run.stdout).text(),
    new Response(run.stderr).text(),
  ]);
  const said = linesOf(out + err);
  return { code: await run.exited, lines: said.length, said: said.join("\n") };
}

describe("what was stored whole", () => {
  test("is there again", async () => {
    await offline(async () => {
      await node.start();
      expect((await must(node, configMaps)).text).toBe(whole);
      expect(json(await must(node, pods)).items).toEqual([]);
    });
  });
});

describe("a damaged file", () => {
  test.each([
    ["of zero length", () => truncateSync(file(), 0)],
    ["of zero length, its log not", () => cutBesideLog(() => truncateSync(file(), 0))],
    ["gone, its log not", () => cutBesideLog(() => rmSync(file()))],
    ["cut within a page", () => truncateSync(file(), pageBytes + 100)],
    ["of something else", () => writeFileSync(file(), "x".repeat(100_000))],
    ["with a damaged head", () => patchFile((bytes) => bytes.fill(0xff, 0, 16))],
    ["of another version of the program", () => patchFile((bytes) => bytes.writeUInt32BE(99, 60))],
    ["of another program", () => patchFile((bytes) => bytes.writeUInt32BE(1, 68))],
    [
      "with a trigger that never ends",
      () =>
        changeSchema(`CREATE TRIGGER t AFTER UPDATE ON log
      BEGIN INSERT INTO owner ${endless} SELECT i, i, i FROM n; END`),
    ],
    [
      "with a view that never ends",
      () =>
        changeSchema(
          "DROP TABLE owner",
          `CREATE VIEW owner AS ${endless} SELECT i AS key, i AS state, i AS checksum FROM n`,
        ),
    ],
  ])(
    "%s is set aside, said once, and begun anew",
    async (what, damage) => {
      const kind = what === "of another version of the program" ? "outdated" : "damaged";
      damage();
      await node.start();
      expect(names(json(await must(node, configMaps)))).toHaveLength(objects);
      await untilCached(node, configMaps);
      await untilStored(node.cacheDir, scopes.slice(0, 1), 1);
      const told = await warnings(node);
      expect(told).toHaveLength(1);
      expect(told[0]).toContain("begun anew");
      expect(await diskFaultCounts(node)).toEqual([
        `edge_proxy_disk_faults_total{kind="${kind}"} 1`,
      ]);
      expect(badFiles()).not.toEqual([]);
    },
    20_000,
  );

  test("a log beside it that is torn or of something else loses what it held, and nothing more", async () => {
    for (const log of [Buffer.from("x".repeat(50_000)), readFileSync(file()).subarray(0, 9000)]) {
      writeFileSync(`${file()}-wal`, log);
      await offline(async () => {
        await node.start();
        expect((await must(node, configMaps)).text).toBe(whole);
        await node.kill();
      });
    }
  }, 20_000);

  test("with a flipped byte at any page shows all or nothing, never a part", async () => {
    const before = readFileSync(file());
    const outcomes = new Set<string>();
    await offline(async () => {
      for (let page = 0; page * pageBytes < before.length; page++) {
        rmSync(node.cacheDir, { recursive: true });
        mkdirSync(node.cacheDir);
        const bytes = Buffer.from(before);
        for (const at of [40, 1000, pageBytes - 200])
          bytes.writeUInt8((bytes[page * pageBytes + at] ?? 0) ^ 0x41, page * pageBytes + at);
        writeFileSync(file(), bytes);
        await node.start();
        const answer = await call(node, configMaps);
        expect([200, 503]).toContain(answer.status);
        if (answer.status === 200) expect(answer.text).toBe(whole);
        else {
          expect(answer.headers.get("retry-after")).toBeNull();
          // Of a file that was set aside as a whole nobody knows what was in it.
          if (badFiles().length === 0)
            expect(json(answer).message).toContain("what is on disk of it is damaged");
        }
        outcomes.add(`${answer.status}`);
        await node.kill();
      }
    });
    expect([...outcomes].toSorted()).toEqual(["200", "503"]);
  }, 40_000);
});

describe("a folder or file that others change under the proxy", () => {
  test.each([
    ["the folder removed", () => rmSync(node.cacheDir, { recursive: true }), "removed"],
    ["the file removed", () => rmSync(file()), "removed"],
    ["the file replaced", () => replaceFile(), "replaced"],
    ["the file cut to nothing", () => truncateSync(file(), 0), "cut"],
  ])(
    "%s is said once, and all is written again, what is quiet too",
    async (_, harm, what) => {
      await node.start();
      for (const path of [configMaps, pods]) await untilCached(node, path);
      harm();
      await must(node, "/version");
      await untilStored(node.cacheDir, scopes, 1);
      const told = await warnings(node);
      expect(told).toHaveLength(1);
      expect(told[0]).toContain("the disk store was damaged and is begun anew");
      expect(told[0]).toContain(`was ${what} while it was in use`);
      expect(await diskFaultCounts(node)).toEqual([
        'edge_proxy_disk_faults_total{kind="damaged"} 1',
      ]);
      expect(statSync(node.cacheDir).mode & 0o777).toBe(0o700);
      expect((await refused(node.cacheDir)).said).toContain("another process uses it");
      await expectTheSameOffline(node, configMaps, fake);
      expect(["stale", "cache"]).toContain(sourceOf(await must(node, pods)));
    },
    20_000,
  );
});

describe("one damaged object", () => {
  test("has its scope listed again before it answers; the others go on", async () => {
    damageOne();
    await node.start();
    const answer = await untilCached(node, configMaps);
    expect(answer.text).toBe(whole);
    expect([fills(configMaps), fills(pods)]).toEqual([1, 0]);
    const told = await warnings(node);
    expect(told).toHaveLength(1);
    expect(told[0]).toContain("configmaps in default, json is damaged on disk and is listed again");
  }, 20_000);

  test("has its scope refused while the apiserver is away, which says so; the others answer", async () => {
    damageOne();
    await offline(async () => {
      await node.start();
      for (const path of [configMaps, `${configMaps}/cm-3`, `${configMaps}?watch=1`]) {
        const answer = await call(node, path);
        expectStatus(answer, 503, { reason: "ServiceUnavailable" });
        expect(json(answer).message).toContain("what is on disk of it is damaged");
        expect(answer.headers.get("retry-after")).toBeNull();
      }
      expect(sourceOf(await must(node, pods))).toBe("stale");
      expect(json(await call(node, "/api/v1/services")).message).not.toContain("damaged");
    });
    expect((await untilCached(node, configMaps)).text).toBe(whole);
  }, 20_000);
});

describe("a folder that cannot be used", () => {
  test("given by the flag ends the start with one line that names it", async () => {
    writeFileSync(join(node.dir, "file"), "");
    for (const path of [join(node.dir, "file"), join(node.dir, "file/cache"), "/proc/cache"]) {
      const { code, lines, said } = await refused(path);
      expect([path, code, lines]).toEqual([path, 2, 1]);
      expect(said).toContain("--disk-cache-path");
      expect(said).toContain(path);
    }
    expect((await refused(join(node.dir, "file"))).said).toContain(
      "file: it is not a folder; give",
    );
  });

  test("may be written by others: the start ends with one line that says so, and nothing is changed", async () => {
    chmodSync(node.cacheDir, 0o777);
    const { code, lines, said } = await refused(node.cacheDir);
    expect([code, lines]).toEqual([2, 1]);
    expect(said).toContain(
      `--disk-cache-path: ${node.cacheDir}: others may write to it (owner uid`,
    );
    expect(said).toContain(`mode 0777); run "chmod 700 ${node.cacheDir}"`);
    expect(readFileSync(file()).equals(readFileSync(join(stored, "cache.db")))).toBe(true);
    expect(statSync(node.cacheDir).mode & 0o777).toBe(0o777);
  });

  test("has a copy that leads elsewhere: what it leads to stays as it is", async () => {
    const victim = join(node.dir, "victim");
    writeFileSync(victim, "victim");
    symlinkSync(victim, join(node.cacheDir, "cache.db-copy"));
    await offline(async () => {
      await node.start();
      expect((await must(node, configMaps)).text).toBe(whole);
    });
    expect(readFileSync(victim, "utf8")).toBe("victim");
    expect((await node.output()).includes("the disk store")).toBe(false);
  });

  test("has another proxy: the second does not start, and the first goes on", async () => {
    await node.start();
    const { code, lines, said } = await refused(node.cacheDir);
    expect([code, lines]).toEqual([2, 1]);
    expect(said).toContain("another process uses it");
    expect((await must(node, configMaps)).status).toBe(200);
    expect(storedVersions(node.cacheDir).size).toBeGreaterThan(0);
  });
});

const filler = () => join(node.cacheDir, "filler");
/** Takes what room there is. */
const fillDisk = () => {
  const { bavail, bsize } = statfsSync(node.cacheDir);
  writeFileSync(filler(), Buffer.alloc(bavail * bsize));
};
const createLarge = (name: string) =>
  must(node, configMaps, { method: "POST", body: configMap(name, "a", "x".repeat(9000)) });

const isRoot = process.getuid?.() === 0 && Bun.which("setpriv") !== null;
if (!isRoot) {
  describe("a process without rights, a small disk", () => {
    test.skip("needs root, to become somebody else and to mount", () => {});
  });
} else {
  describe("a process without rights", () => {
    const setpriv = ["setpriv", `--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups"];

    test("does not start on a folder of somebody else that was given", async () => {
      chmodSync(node.dir, 0o755);
      const { code, lines, said } = await refused(node.cacheDir, setpriv);
      expect([code, lines]).toEqual([2, 1]);
      expect(said).toContain("--disk-cache-path");
    });

    test("begins anew where a file in its own folder is of somebody else", async () => {
      const user = await Node.create({ kubeconfig, as: setpriv });
      mkdirSync(user.cacheDir, { mode: 0o700 });
      copyFileSync(join(stored, "cache.db"), join(user.cacheDir, "cache.db"));
      for (const path of [user.dir, user.cacheDir]) chownSync(path, nobody, nobody);
      await user.start();
      expect(names(json(await must(user, configMaps)))).toHaveLength(objects);
      const told = await warnings(user);
      expect(told).toHaveLength(1);
      expect(told[0]).toContain('begun anew reason="cache.db belongs to uid 0"');
      await user.stop();
    });

    test("warns where the default folder is not for it, and keeps nothing on disk", async () => {
      const user = await Node.create({ kubeconfig, cachePath: "default", as: setpriv });
      chownSync(user.dir, nobody, nobody);
      await user.start();
      expect(names(json(await must(user, configMaps)))).toHaveLength(objects);
      const output = await user.output();
      expect(output).toContain("nothing is kept on disk");
      await user.stop();
    });
  });

  test("a folder of somebody else is refused by root", async () => {
    chownSync(node.cacheDir, nobody, nobody);
    const { code, lines, said } = await refused(node.cacheDir);
    expect([code, lines]).toEqual([2, 1]);
    expect(said).toContain(`--disk-cache-path: ${node.cacheDir}: it belongs to another user`);
    expect(said).toContain(`owner uid ${nobody}, mode 0755`);
    expect(said).toContain(`chmod 700 ${node.cacheDir}`);
  });

  describe("a full disk", () => {
    const full = ['edge_proxy_disk_fault{kind="full"} 1'];
    let isMounted = false;

    beforeEach(() => {
      const options = ["-t", "tmpfs", "-o", "size=2m,mode=700"];
      isMounted = Bun.spawnSync(["mount", ...options, "tmpfs", node.cacheDir]).success;
      if (!isMounted) return console.log("a full disk is not tested: nothing can be mounted here");
      for (const name of readdirSync(stored))
        copyFileSync(join(stored, name), join(node.cacheDir, name));
    });

    afterEach(async () => {
      await node.kill();
      if (isMounted) Bun.spawnSync(["umount", node.cacheDir]);
      for (const name of ["late-1", "late-2"])
        await call({ url: fake.url, token: fake.adminToken }, `${configMaps}/${name}`, {
          method: "DELETE",
        });
    });

    test("is said once, answers go on from memory, and once there is room all is written", async () => {
      if (!isMounted) return;
      await node.start();
      await untilCached(node, configMaps);
      fillDisk();
      await createLarge("late-1");
      await waitUntil("it is said", async () => (await warnings(node)).length > 0);
      expect(await warnings(node)).toHaveLength(1);
      expect((await warnings(node))[0]).toContain("full");
      expect(await diskFaults(node)).toEqual(full);
      const last = json(await createLarge("late-2")).metadata.resourceVersion;
      expect(names(json(await untilCached(node, configMaps)))).toHaveLength(objects + 2);
      rmSync(filler());
      await untilStored(node.cacheDir, scopes.slice(0, 1), Number(last));
      await waitUntil("it is said to be over", () => worksAgain(node));
      expect(await diskFaults(node)).not.toEqual(full);
      await expectTheSameOffline(node, configMaps, fake);
    }, 30_000);

    test("at the start keeps nothing from being answered, and once there is room all is written", async () => {
      if (!isMounted) return;
      fillDisk();
      await offline(async () => {
        await node.start();
        expect((await must(node, configMaps)).text).toBe(whole);
      });
      const direct = { url: fake.url, token: fake.adminToken };
      await createAll(direct, configMaps, [configMap("late-1", "a", "x".repeat(9000))]);
      const isSeen = async () => (await untilCached(node, configMaps)).text !== whole;
      await waitUntil("it is seen", isSeen);
      await waitUntil("it is said", async () => (await diskFaults(node)).includes(full[0]!));
      rmSync(filler());
      await waitUntil("it is said to be over", () => worksAgain(node));
      const { resourceVersion } = json(await untilCached(node, configMaps)).metadata;
      await waitUntil("all is written", () => versionInCopy() >= Number(resourceVersion));
      await expectTheSameOffline(node, configMaps, fake);
    }, 30_000);

    test("at the start, with nothing stored yet, is said once, and once there is room all is written", async () => {
      if (!isMounted) return;
      for (const name of readdirSync(stored)) rmSync(join(node.cacheDir, name));
      fillDisk();
      await node.start();
      expect(names(json(await untilCached(node, configMaps)))).toHaveLength(objects);
      const told = await warnings(node);
      expect(told).toHaveLength(1);
      expect(told[0]).toContain("the disk store fails (full)");
      expect(await diskFaults(node)).toEqual(full);
      rmSync(filler());
      await waitUntil("all is written", () => worksAgain(node));
      expect(await diskFaults(node)).not.toEqual(full);
      await untilStored(node.cacheDir, scopes.slice(0, 1), 1);
      expect(badFiles()).toEqual([]);
      await expectTheSameOffline(node, configMaps, fake);
    }, 30_000);
  });
}
