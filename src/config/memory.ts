import { join } from "node:path";

const mebibyte = 2 ** 20;

/** What the process needs beside its cache: Bun, the code, connections. */
const ownBytes = 56 * mebibyte;
const withoutLimitBytes = 256 * mebibyte;
/** Less than this caches nothing worth the trouble, so a very small cgroup still gets it. */
const leastMemoryLimitBytes = 8 * mebibyte;
/** cgroup v1 writes "no limit" as the largest multiple of a page in 63 bits. */
const unlimitedBytes = 2 ** 60;

/**
 * What the cache may use by default: the limit of the cgroup (version 2 or 1, the least along its path) less 56 MiB, else 256 MiB.
 * `readText` gives the text of a file, undefined where there is none.
 */
export function defaultMemoryLimit(readText: (file: string) => string | undefined): number {
  const limits = (readText("/proc/self/cgroup") ?? "")
    .split("\n")
    .flatMap(limitFiles)
    .map((file) => Number(readText(file) ?? Number.NaN))
    .filter((limit) => limit > 0 && limit < unlimitedBytes);
  if (limits.length === 0) return withoutLimitBytes;
  return Math.max(leastMemoryLimitBytes, Math.min(...limits) - ownBytes);
}

/** The files that may limit this process, for one line `id:controllers:path` of /proc/self/cgroup (cgroups(7)). */
function limitFiles(line: string): readonly string[] {
  const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
  if (controllers === undefined || path === undefined) return [];
  if (controllers === "") {
    return withParents(path).map((folder) => join("/sys/fs/cgroup", folder, "memory.max"));
  }
  if (!controllers.split(",").includes("memory")) return [];
  const file = "memory.limit_in_bytes";
  return withParents(path).map((folder) => join("/sys/fs/cgroup/memory", folder, file));
}

function withParents(path: string): readonly string[] {
  const parts = path.split("/").filter((part) => part !== "");
  return Array.from({ length: parts.length + 1 }, (_, length) => parts.slice(0, length).join("/"));
}
