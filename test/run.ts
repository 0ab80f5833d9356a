import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";

import { findAssets, versionOf } from "../src/testing/envtest.ts";

/** What `make test` runs: `bun test`, the bench's own tests, then the end to end tests on the compiled binary, and one line that counts both. */

interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const root = join(import.meta.dir, "..");

async function runTests(name: string, args: readonly string[], folder: string): Promise<Outcome> {
  const report = join(folder, `${name}.xml`);
  const reporter = ["--reporter=junit", `--reporter-outfile=${report}`];
  const run = Bun.spawn([process.execPath, "test", ...reporter, ...args], {
    cwd: root,
    stdin: "ignore",
    stdout: "inherit",
    stderr: "inherit",
  });
  const code = await run.exited;
  const file = Bun.file(report);
  const counted = countReport((await file.exists()) ? await file.text() : "");
  // A file that does not load, or a hook that throws, fails no test of its own: the exit code tells.
  return code !== 0 && counted.failed === 0 ? { ...counted, failed: 1 } : counted;
}

function countReport(xml: string): Outcome {
  const head = /<testsuites [^>]*>/.exec(xml)?.[0] ?? "";
  const count = (name: string) => Number(new RegExp(` ${name}="([0-9]+)"`).exec(head)?.[1] ?? 0);
  const failed = count("failures") + count("errors");
  const skipped = count("skipped");
  return { passed: count("tests") - failed - skipped, failed, skipped };
}

function endToEndFiles(): string[] {
  const files = [
    ...new Bun.Glob("**/*.test.ts").scanSync({ cwd: import.meta.dir, absolute: true }),
  ];
  return files.map((file) => `./${relative(root, file)}`).toSorted();
}

function describeTarget(): string {
  const assets = findAssets();
  return assets === undefined
    ? "end to end on the fake apiserver: no kube-apiserver was found (set KUBEBUILDER_ASSETS)"
    : `end to end on kube-apiserver ${versionOf(assets)} (${assets})`;
}

async function main(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "edge-proxy-test-"));
  try {
    const outcomes = [
      await runTests("unit", [], folder),
      await runTests("bench", ["./bench"], folder),
    ];
    console.log(`\n${describeTarget()}`);
    const files = endToEndFiles();
    if (files.length > 0) outcomes.push(await runTests("end-to-end", files, folder));
    const sum = (of: keyof Outcome) => outcomes.reduce((total, outcome) => total + outcome[of], 0);
    const [passed, failed, skipped] = [sum("passed"), sum("failed"), sum("skipped")];
    const tail = skipped === 0 ? "" : `, ${skipped} skipped`;
    console.log(`\n${passed} passed, ${failed} failed${tail}`);
    return failed > 0 || passed === 0 ? 1 : 0;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
