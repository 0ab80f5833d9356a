import { describe, expect, test } from "bun:test";

import { defaultMemoryLimit } from "./memory.ts";

const mebibyte = 2 ** 20;

describe("defaultMemoryLimit", () => {
  test.each([
    ["no cgroup at all", {}, 256],
    [
      "version 2 in a container",
      { "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/memory.max": `${128 * mebibyte}\n` },
      72,
    ],
    [
      "version 2 without a limit",
      { "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/memory.max": "max\n" },
      256,
    ],
    [
      "version 2, the least along the path",
      {
        "/proc/self/cgroup": "0::/kubepods/pod1/c1\n",
        "/sys/fs/cgroup/kubepods/pod1/c1/memory.max": "max",
        "/sys/fs/cgroup/kubepods/pod1/memory.max": `${200 * mebibyte}`,
        "/sys/fs/cgroup/kubepods/memory.max": `${4096 * mebibyte}`,
      },
      144,
    ],
    [
      "version 1",
      {
        "/proc/self/cgroup": "5:cpu,cpuacct:/x\n4:memory:/x\n",
        "/sys/fs/cgroup/memory/x/memory.limit_in_bytes": `${156 * mebibyte}`,
        "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
      },
      100,
    ],
    [
      "version 1 without a limit",
      {
        "/proc/self/cgroup": "4:memory:/\n0::/\n",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
      },
      256,
    ],
    [
      "less than the process itself needs",
      { "/proc/self/cgroup": "0::/", "/sys/fs/cgroup/memory.max": `${50 * mebibyte}` },
      8,
    ],
  ])("%s", (_, files: Record<string, string>, expected) => {
    expect(defaultMemoryLimit((file) => files[file])).toBe(expected * mebibyte);
  });
});
