import {
  chmodSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import { createTemporaryFolder } from "../../src/testing/child-process.ts";
import { call } from "../../src/testing/contract-client.ts";
import { writeKubeconfig } from "../../src/testing/contract-upstream.ts";
import { startFakeApiserver } from "../../src/testing/fake-apiserver.ts";
import { Random } from "../model/random.ts";
import { untilStored } from "../offline-disk.ts";
import { configMap, createAll, must, Node, untilCached } from "../offline-fixture.ts";
import { demand, type HostileKind, show, Tally } from "./fuzz-kind.ts";

const configMaps = "/api/v1/namespaces/default/configmaps";
const names = Array.from({ length: 30 }, (_, at) => `cm-${at}`);
/** What lies beside the folder, and is not the proxy's. */
const secret = "what lies outside of the folder\n";

/** What the apiserver answered, by path. */
type Truth = ReadonlyMap<string, string>;

/**
 * The files of a folder, damaged between two starts. Without upstream the proxy starts in time, or ends with 2 and says why;
 * what it shows is what upstream had, whole, or an error; it follows no link out of the folder.
 */
export const diskFiles: HostileKind = {
  name: "disk",
  open: async (options) => {
    const fake = await startFakeApiserver();
    const kubeconfig = await writeKubeconfig(fake.url, fake.adminToken);
    const filled = await fill({ kubeconfig, url: fake.url, token: fake.adminToken });
    await fake.pause();
    let last: Node | undefined;
    return {
      run: async (seed) => {
        const tally = new Tally();
        const node = await Node.create({ kubeconfig, ...options });
        await last?.stop();
        last = node;
        await runDamage(node, filled, new Random(seed), tally);
        await node.stop();
        return tally.counts;
      },
      output: async () => (await last?.output()) ?? "",
      stop: async () => {
        await last?.stop();
        await filled.remove();
        await fake.stop();
        rmSync(kubeconfig, { force: true });
      },
    };
  },
};

interface Filled {
  /** The folder after a clean stop, and after a kill. */
  readonly folders: readonly string[];
  readonly truth: Truth;
  remove(): Promise<void>;
}

/** Runs the proxy on an empty folder until all is on disk, and keeps copies of the folder. */
async function fill(upstream: { kubeconfig: string; url: string; token: string }): Promise<Filled> {
  const bodies = names.map((name, at) =>
    configMap(name, at % 2 === 0 ? "x" : "y", "v".repeat(900)),
  );
  await createAll(upstream, configMaps, bodies);
  const node = await Node.create({
    kubeconfig: upstream.kubeconfig,
    flags: ["--disk-flush", "50ms"],
  });
  const { dir, remove } = await createTemporaryFolder("edge-proxy-fuzz-disk-");
  try {
    await node.start();
    await untilCached(node, configMaps);
    await untilStored(node.cacheDir, ["configmaps in default, json"], 1);
    const paths = [
      configMaps,
      `${configMaps}?labelSelector=app%3Dx`,
      ...names.map((name) => `${configMaps}/${name}`),
    ];
    const truth = new Map<string, string>();
    for (const path of paths) truth.set(path, (await must(node, path)).text);
    const folders = [join(dir, "killed"), join(dir, "stopped")];
    await node.kill();
    copyFolder(node.cacheDir, folders[0]!);
    await node.start();
    await node.end();
    copyFolder(node.cacheDir, folders[1]!);
    return { folders, truth, remove };
  } finally {
    await node.stop();
  }
}

function copyFolder(from: string, to: string): void {
  mkdirSync(to, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(from)) copyFileSync(join(from, name), join(to, name));
}

async function runDamage(
  node: Node,
  { folders, truth }: Filled,
  random: Random,
  tally: Tally,
): Promise<void> {
  copyFolder(random.pick(folders), node.cacheDir);
  const outside = join(node.dir, "outside");
  mkdirSync(outside);
  writeFileSync(join(outside, "secret"), secret, { mode: 0o644 });
  const done = Array.from({ length: 1 + random.below(3) }, () =>
    damage(random, node.cacheDir, outside),
  );
  const began = performance.now();
  const started = await node.start().then(
    () => "started",
    (error: unknown) => String(error),
  );
  const said = () => `${done.join(", ")}: `;
  if (started !== "started") {
    const code = await node.end();
    const lines = (await node.output()).trim().split("\n");
    const isRefusal = code === 2 && lines.length === 1;
    demand(isRefusal, "a start ends in no other way than with a refusal", () => said() + started);
    tally.add("refused");
  } else {
    const tookMs = performance.now() - began;
    demand(tookMs < 10_000, "a start takes no longer than 10 s", () => `${said()}${tookMs} ms`);
    for (const [path, expected] of truth) {
      const { status, text } = await call(node, path);
      const isTrue = status === 200 && text === expected;
      const isError = status === 503 || status === 504;
      const what = () => `${said()}${path}: ${status} ${show(text, 500)}`;
      demand(isTrue || isError, "what is shown is what there was", what);
      tally.add(isTrue ? "shown" : `${status} instead`);
    }
    await node.kill();
  }
  const left = readdirSync(outside).map(
    (name) => `${name}: ${readFileSync(join(outside, name), "utf8")}`,
  );
  const mode = lstatSync(join(outside, "secret")).mode & 0o777;
  const isUntouched = left.join() === `secret: ${secret}` && mode === 0o644;
  demand(
    isUntouched,
    "no link is followed out of the folder",
    () => `${said()}${left.join()} ${mode}`,
  );
}

/** The files that there are, and ones that may be. */
const others = [
  "cache.db",
  "cache.db-wal",
  "cache.db-shm",
  "cache.db-journal",
  "cache.lock",
  "cache.db-copy",
  "cache.db-gone",
  "cache.db-probe",
];

/** Does something to the folder; what, in words. */
function damage(random: Random, folder: string, outside: string): string {
  const files = readdirSync(folder).filter((name) => lstatSync(join(folder, name)).isFile());
  const name = random.chance(0.7) && files.length > 0 ? random.pick(files) : random.pick(others);
  const path = join(folder, name);
  const size = files.includes(name) ? lstatSync(path).size : 0;
  const replace = (how: string, put: () => void): string => {
    rmSync(path, { recursive: true, force: true });
    put();
    return `${name} ${how}`;
  };
  const kind = random.weighted({
    bytes: 6,
    zeros: 2,
    truncated: 4,
    longer: 2,
    swapped: 2,
    removed: 1,
    garbage: 1,
    link: 2,
    dangling: 1,
    loop: 1,
    fifo: 2,
    folder: 1,
    mode: 2,
    folderMode: 1,
    folderLink: 1,
  });
  switch (kind) {
    case "bytes":
      return patch(path, size, name, (bytes) => {
        const count = random.pick([1, 1, 4, 50]);
        for (let left = count; left > 0; left--)
          bytes[random.below(bytes.length)] = random.below(256);
        return `${count} bytes`;
      });
    case "zeros":
      return patch(path, size, name, (bytes) => {
        const at = random.below(bytes.length);
        bytes.fill(0, at, Math.min(bytes.length, at + random.pick([16, 512, 8192])));
        return `zeros from ${at}`;
      });
    case "truncated": {
      if (size === 0) return `${name} left`;
      const length = random.pick([0, 1, 100, random.below(size), Math.max(0, size - 8192)]);
      truncateSync(path, Math.min(size, length));
      return `${name} of ${Math.min(size, length)} bytes`;
    }
    case "longer":
      if (size > 0)
        writeFileSync(path, Buffer.alloc(random.below(20_000), random.below(256)), { flag: "a" });
      return `${name} longer`;
    case "swapped": {
      const other = random.pick(others);
      if (size === 0 || other === name || !files.includes(other)) return `${name} left`;
      renameSync(path, join(folder, "swap"));
      renameSync(join(folder, other), path);
      renameSync(join(folder, "swap"), join(folder, other));
      return `${name} and ${other} swapped`;
    }
    case "removed":
      return replace("removed", () => undefined);
    case "garbage":
      return replace("of garbage", () =>
        writeFileSync(path, Buffer.from(Array.from({ length: 5000 }, () => random.below(256)))),
      );
    case "link":
      return replace("a link to a file outside", () => symlinkSync(join(outside, "secret"), path));
    case "dangling":
      return replace("a link to nothing", () => symlinkSync(join(outside, "new"), path));
    case "loop":
      return replace("a link to itself", () => symlinkSync(path, path));
    case "fifo":
      return replace("a pipe", () => void Bun.spawnSync(["mkfifo", "-m", "600", path]));
    case "folder":
      return replace("a folder", () => mkdirSync(path));
    case "mode":
      if (size > 0) chmodSync(path, random.pick([0o644, 0o666, 0o400, 0o000]));
      return `${name} of another mode`;
    case "folderMode":
      chmodSync(folder, random.pick([0o755, 0o777, 0o500]));
      return "the folder of another mode";
    case "folderLink": {
      const elsewhere = `${folder}-elsewhere`;
      if (lstatSync(folder).isSymbolicLink()) return "the folder left";
      renameSync(folder, elsewhere);
      symlinkSync(elsewhere, folder);
      return "the folder a link";
    }
  }
}

function patch(
  path: string,
  size: number,
  name: string,
  change: (bytes: Uint8Array) => string,
): string {
  if (size === 0) return `${name} left`;
  const bytes = readFileSync(path);
  const what = change(bytes);
  writeFileSync(path, bytes);
  return `${name} with ${what}`;
}
