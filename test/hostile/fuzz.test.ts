import { afterAll, describe, expect, test } from "bun:test";

import { hostileKinds, HostileRun } from "./fuzz-kinds.ts";

/** Fixed seeds; `bun run fuzz --hostile` goes on with others. */
const seeds = [1, 2, 3, 4, 5, 6, 7, 8];

describe.each(hostileKinds)("hostile $name", (kind) => {
  const run = new HostileRun(kind);

  afterAll(() => run.stop(), 30_000);

  test.each(seeds)(
    "seed %d breaks no rule",
    async (seed) => {
      expect((await run.seed(seed)).failure).toBeUndefined();
    },
    60_000,
  );
});
