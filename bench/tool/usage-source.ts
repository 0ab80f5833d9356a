import { readFileSync } from "node:fs";

import { readCpuSeconds } from "../process-usage.ts";
import { findListeningProcess } from "./listening-process.ts";

/** What a process has used; what is not known is undefined. */
export interface Usage {
  /** User and system time since its start. */
  readonly cpuSeconds: number | undefined;
  /** Resident memory in bytes. */
  readonly rss: number | undefined;
}

export interface UsageSource {
  /** For people: `process 12`, or why there is nothing. */
  readonly description: string;
  /** Never rejects: what cannot be read is undefined. */
  read(): Promise<Usage>;
}

/**
 * Where the use of a target's process is read: of that process where it is given or listens on this machine, else of what
 * `/metrics` at the admin URL says (resident memory, and `process_cpu_seconds_total` where that is served).
 */
export function findUsageSource(target: {
  readonly url: string;
  readonly pid: number | undefined;
  readonly admin: string | undefined;
}): UsageSource {
  const { pid = pidOf(target.url), admin } = target;
  if (pid !== undefined && readProcess(pid).rss !== undefined)
    return { description: `process ${pid}`, read: async () => readProcess(pid) };
  if (admin !== undefined)
    return { description: `${admin}/metrics`, read: () => readMetrics(`${admin}/metrics`) };
  return { description: "not known", read: async () => nothing };
}

const nothing: Usage = { cpuSeconds: undefined, rss: undefined };

function pidOf(url: string): number | undefined {
  const { hostname, port } = new URL(url);
  const isHere = /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(hostname);
  return isHere && port !== "" ? findListeningProcess(Number(port)) : undefined;
}

function readProcess(pid: number): Usage {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    if (kilobytes === undefined) return nothing;
    return { cpuSeconds: readCpuSeconds([pid]), rss: Number(kilobytes) * 1024 };
  } catch {
    return nothing;
  }
}

async function readMetrics(url: string): Promise<Usage> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
    return usageIn(await response.text());
  } catch {
    return nothing;
  }
}

/** The use that metrics in the text format of Prometheus tell of. */
export function usageIn(metrics: string): Usage {
  const read = (name: string) => {
    const value = new RegExp(`^(?:process|edge_proxy)_${name} ([0-9.e+]+)$`, "m").exec(metrics);
    return value?.[1] === undefined ? undefined : Number(value[1]);
  };
  return { cpuSeconds: read("cpu_seconds_total"), rss: read("resident_memory_bytes") };
}
