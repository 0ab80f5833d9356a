import { dlopen, FFIType } from "bun:ffi";
import { readFileSync, readlinkSync } from "node:fs";

/** A part of this process' memory: where it begins, and its length in bytes. */
export interface Mapping {
  readonly start: number;
  readonly byteLength: number;
}

/** madvise(2) */
const dontNeed = 4;

/**
 * Gives back the pages of the program file that are mapped: 25 MB and more of them are code and constants that only the start
 * needed. Nothing of it was ever written, so what is used again comes back from the page cache, sixteen pages at a fault.
 * Does nothing where the system has none of what it takes. About 1 ms.
 */
export function giveBackCode(): void {
  const mappings = readMappings();
  if (mappings.length === 0) return;
  const libc = openLibc();
  if (libc === undefined) return;
  for (const { start, byteLength } of mappings) libc.symbols.madvise(start, byteLength, dontNeed);
  libc.close();
}

function readMappings(): readonly Mapping[] {
  try {
    return cleanMappings(readFileSync("/proc/self/smaps", "utf8"), readlinkSync("/proc/self/exe"));
  } catch {
    return [];
  }
}

function openLibc() {
  try {
    return dlopen("libc.so.6", {
      madvise: {
        args: [FFIType.u64_fast, FFIType.u64_fast, FFIType.i32],
        returns: FFIType.i32,
      },
    });
  } catch {
    return undefined;
  }
}

const headForm = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ \S+ +(.*)$/;

/**
 * Of the text of `/proc/PID/smaps` (proc(5)) the mappings of this file that cannot be written and of which no page ever was:
 * one that was, before it was protected, exists nowhere else.
 */
export function cleanMappings(smaps: string, file: string): readonly Mapping[] {
  const found: Mapping[] = [];
  let candidate: Mapping | undefined;
  for (const line of smaps.split("\n")) {
    const [, start, end, permissions, path] = headForm.exec(line) ?? [];
    if (start !== undefined && end !== undefined) {
      const first = Number.parseInt(start, 16);
      const isReadOnly = permissions === "r--p" || permissions === "r-xp";
      candidate =
        isReadOnly && path === file
          ? { start: first, byteLength: Number.parseInt(end, 16) - first }
          : undefined;
    } else if (candidate !== undefined && /^Anonymous: +0 kB$/.test(line)) found.push(candidate);
  }
  return found;
}
