import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { cp, symlink } from "node:fs/promises";
import { join } from "node:path";

import { createTemporaryFolder } from "../src/testing/child-process.ts";

const root = join(import.meta.dir, "..");
const built = "_output/local/bin/linux";
const machine = process.arch === "arm64" ? "arm64" : "amd64";
const other = machine === "arm64" ? "amd64" : "arm64";

/** e_machine of ELF: what `uname -m` calls x86_64 and aarch64. */
const elfMachine = { amd64: 62, arm64: 183 };

let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;

beforeAll(async () => {
  folder = await createTemporaryFolder("edge-proxy-build-");
  for (const name of ["src", "bench", "package.json", "bun.lock", "Makefile"]) {
    await cp(join(root, name), join(folder.dir, name), {
      recursive: true,
      preserveTimestamps: true,
    });
  }
  for (const name of ["node_modules", ".tools"]) {
    await symlink(join(root, name), join(folder.dir, name));
  }
});

afterAll(() => folder?.remove());

function make(...args: string[]) {
  const run = Bun.spawnSync(["make", ...args], { cwd: folder.dir, stdin: "ignore" });
  return { code: run.exitCode, error: run.stderr.toString() };
}

const bytes = (dir: string, platform: string, name = "edge-proxy") =>
  Bun.file(join(dir, built, platform, name)).bytes();

describe("make build", () => {
  test("gives the same bytes in another folder, and a link to them", async () => {
    expect(make("build")).toMatchObject({ code: 0 });
    for (const name of ["edge-proxy", "benchmark"]) {
      const here = await bytes(root, machine, name);
      expect(Buffer.compare(here, await bytes(folder.dir, machine, name))).toBe(0);
    }
    const link = Bun.spawnSync([join(folder.dir, "edge-proxy"), "--version"], { stdin: "ignore" });
    expect(link.exitCode).toBe(0);
  }, 60_000);

  // Another machine's Bun is 35 MB from the npm registry, which a test does not fetch.
  test.skipIf(!existsSync(join(root, `.tools/bun-${Bun.version}-${other}`)))(
    "builds for the other platform too",
    async () => {
      expect(make("build", "PLATFORMS=linux/amd64 linux/arm64")).toMatchObject({ code: 0 });
      for (const platform of ["amd64", "arm64"] as const) {
        const head = Buffer.from((await bytes(folder.dir, platform)).subarray(0, 20));
        expect(head.readUInt16LE(18)).toBe(elfMachine[platform]);
      }
    },
    60_000,
  );

  test("says which platforms there are", () => {
    const run = make("build", "PLATFORMS=linux/riscv64");
    expect(run.code).toBe(2);
    expect(run.error).toContain(
      "PLATFORMS: linux/riscv64 cannot be built; linux/amd64 and linux/arm64 can",
    );
  });
});
