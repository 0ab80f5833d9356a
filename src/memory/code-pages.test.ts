import { describe, expect, test } from "bun:test";
import { readlinkSync } from "node:fs";

import { cleanMappings } from "./code-pages.ts";

const entry = (head: string, anonymous: number) =>
  `${head}
Size:               1000 kB
Rss:                 500 kB
Anonymous:      ${String(anonymous).padStart(8)} kB
LazyFree:              0 kB
VmFlags: rd mr mw me sd
`;

const smaps = [
  entry("00200000-00300000 r--p 00000000 fe:00 531 /edge-proxy", 0),
  entry("00300000-00400000 r-xp 00100000 fe:00 531 /edge-proxy", 0),
  entry("00400000-00500000 r--p 00200000 fe:00 531 /edge-proxy", 32),
  entry("00500000-00600000 rw-p 00300000 fe:00 531 /edge-proxy", 0),
  entry("7f0000000000-7f0000001000 r-xp 00000000 fe:00 99 /usr/lib/libc.so.6", 0),
  entry("7f0000001000-7f0000002000 r--p 00000000 00:00 0 ", 0),
].join("");

describe("cleanMappings", () => {
  test("are those of the file that were never written", () => {
    expect(cleanMappings(smaps, "/edge-proxy")).toEqual([
      { start: 0x200000, byteLength: 0x100000 },
      { start: 0x300000, byteLength: 0x100000 },
    ]);
  });

  test("of another file are none", () => {
    expect(cleanMappings(smaps, "/edge-proxy (deleted)")).toEqual([]);
    expect(cleanMappings("", "/edge-proxy")).toEqual([]);
  });

  test("of this process there are some, none of them written", async () => {
    const file = readlinkSync("/proc/self/exe");
    const own = cleanMappings(await Bun.file("/proc/self/smaps").text(), file);
    expect(own.length).toBeGreaterThan(0);
  });
});
