import { describe, expect, test } from "bun:test";

import { findListeningProcess, inodesOf } from "./listening-process.ts";
import { findUsageSource, usageIn } from "./usage-source.ts";

const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:2815 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0
   1: 0100007F:2815 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 20 4 30 10 -1
   2: 0100007F:2816 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0 100 0 0 10 0`;

describe("inodesOf", () => {
  test("finds the socket that listens on the port, no connection of it", () => {
    expect(inodesOf(table, 0x28_15)).toEqual(["socket:[4711]"]);
    expect(inodesOf(table, 1)).toEqual([]);
  });
});

describe("findListeningProcess", () => {
  test("finds this process by a port on which it listens", () => {
    const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const found = findListeningProcess(listener.port);
    listener.stop(true);
    expect(found).toBe(process.pid);
  });
});

describe("findUsageSource", () => {
  test("reads the process that is named", async () => {
    const source = findUsageSource({ url: "http://h:1", pid: process.pid, admin: undefined });
    const { rss = 0, cpuSeconds = 0 } = await source.read();
    expect(rss).toBeGreaterThan(1e6);
    expect(cpuSeconds).toBeGreaterThan(0);
  });

  test("knows nothing of what is elsewhere", async () => {
    const source = findUsageSource({ url: "http://h:1", pid: undefined, admin: undefined });
    expect(await source.read()).toEqual({ rss: undefined, cpuSeconds: undefined });
  });
});

describe("usageIn", () => {
  test.each([
    ["edge_proxy_resident_memory_bytes 5.6e+7\n", { rss: 5.6e7, cpuSeconds: undefined }],
    [
      "# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total 1.5\nprocess_resident_memory_bytes 12\n",
      { rss: 12, cpuSeconds: 1.5 },
    ],
    ["", { rss: undefined, cpuSeconds: undefined }],
  ])("%p", (text, expected) => {
    expect(usageIn(text)).toEqual(expected);
  });
});
