import { mkdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { waitUntil } from "../../src/testing/child-process.ts";

/** A cgroup of ours with a memory limit, or why there can be none. */
export type MemoryCgroup =
  | {
      readonly kind: "limited";
      readonly version: 1 | 2;
      readonly procsFile: string;
      /** The most that its processes had at once, file pages that they brought in included. */
      readonly peakBytes: () => Promise<number>;
      /** How often it ran into its limit and found nothing to give back. */
      readonly kills: () => Promise<number>;
      readonly remove: () => Promise<void>;
    }
  | { readonly kind: "none"; readonly because: string };

/** Makes a cgroup below our own, version 1 or 2, wherever the memory controller is. */
export async function createMemoryCgroup(limitBytes: number): Promise<MemoryCgroup> {
  const lines = (await readFile("/proc/self/cgroup", "utf8")).trimEnd().split("\n");
  const [, path] = /^\d+:(?:.*,)?memory(?:,.*)?:(\/.*)$/.exec(lines.find(hasMemory) ?? "") ?? [];
  const [, unified = "/"] =
    /^0::(\/.*)$/.exec(lines.find((line) => line.startsWith("0::")) ?? "") ?? [];
  const name = `edge-proxy-image-${process.pid}`;
  try {
    return path === undefined
      ? await limited(2, join("/sys/fs/cgroup", unified, name), limitBytes)
      : await limited(1, join("/sys/fs/cgroup/memory", path, name), limitBytes);
  } catch (error) {
    return { kind: "none", because: String(error instanceof Error ? error.message : error) };
  }
}

const isRemoved = (folder: string) =>
  rmdir(folder).then(
    () => true,
    () => false,
  );

const hasMemory = (line: string) => (line.split(":")[1] ?? "").split(",").includes("memory");

async function limited(version: 1 | 2, folder: string, limitBytes: number): Promise<MemoryCgroup> {
  const [limitFile, peakFile, eventsFile] =
    version === 1
      ? ["memory.limit_in_bytes", "memory.max_usage_in_bytes", "memory.oom_control"]
      : ["memory.max", "memory.peak", "memory.events"];
  await mkdir(folder);
  // A process that has ended leaves its cgroup a moment later.
  const remove = () => waitUntil("the cgroup is empty", () => isRemoved(folder));
  try {
    await writeFile(join(folder, limitFile), String(limitBytes), { flag: "r+" });
  } catch (error) {
    await remove();
    throw error;
  }
  const read = (name: string) => readFile(join(folder, name), "utf8");
  return {
    kind: "limited",
    version,
    procsFile: join(folder, "cgroup.procs"),
    peakBytes: async () => Number(await read(peakFile)),
    kills: async () => Number(/^oom_kill (\d+)$/m.exec(await read(eventsFile))?.[1] ?? 0),
    remove,
  };
}
