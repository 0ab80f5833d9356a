import { describe, expect, test } from "bun:test";

import { describeFailure, runSeed } from "./model/seed.ts";

/** Each answer of the compiled proxy, held against what upstream's store was at every moment; `bun run fuzz` goes on for longer. */
describe("edge-proxy under random moves and faults", () => {
  test.each([2, 6, 14, 23, 31])(
    "seed %d: every answer is one that an apiserver could have given",
    async (seed) => {
      const options = { seed, moves: 160, target: "fake" } as const;
      const outcome = await runSeed(options);
      if (outcome.failure !== undefined) throw new Error(describeFailure(options, outcome));
      expect(outcome.counts["list: cache"]).toBeGreaterThan(0);
      expect(outcome.counts["event: ADDED"]).toBeGreaterThan(0);
    },
    90_000,
  );
});
