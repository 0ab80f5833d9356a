import { readdirSync, readFileSync } from "node:fs";

/** Memory of a process in bytes (smaps_rollup of Linux). */
export interface MemoryUse {
  /** What only this process has and no file backs: what a pod is charged for. */
  readonly anonymous: number;
  readonly rss: number;
}

/** Reads it now. Throws when the process is gone or this is no Linux. */
export function readMemory(pid: number): MemoryUse {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return { anonymous: kilobytes(text, "Anonymous") * 1024, rss: kilobytes(text, "Rss") * 1024 };
}

function kilobytes(text: string, name: string): number {
  return Number(new RegExp(`^${name}: +(\\d+) kB$`, "m").exec(text)?.[1] ?? Number.NaN);
}

/** Ticks per second of /proc/PID/stat: USER_HZ, 100 on every Linux that Bun runs on. */
const ticksPerSecond = 100;

/** User and system time so far in seconds, to 10 ms, of all these processes; those that are gone count as 0. */
export function readCpuSeconds(pids: readonly number[]): number {
  return pids.reduce((total, pid) => total + cpuSecondsOf(pid), 0);
}

function cpuSecondsOf(pid: number): number {
  const text = readProc(`/proc/${pid}/stat`);
  // The name in parentheses may hold spaces: fields are counted after it; utime and stime are the 14th and 15th.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / ticksPerSecond;
}

/** The processes whose command line names this folder, apart from those that only guard others. */
export function findProcesses(dir: string): readonly number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid)
    .filter((pid) => {
      const command = readProc(`/proc/${pid}/cmdline`);
      return command.includes(dir) && !command.startsWith("sh\0");
    });
}

function readProc(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
