import { describe, expect, test } from "bun:test";

import { Checks } from "./checks.ts";

describe("Checks", () => {
  test("counts what was compared, and each different failure", () => {
    const checks = new Checks();
    for (const seen of [1, 2, 2, 1]) checks.expect("is one", seen === 1, () => `it is ${seen}`);
    expect(checks.all).toEqual([
      { name: "is one", made: 4, held: 2, failures: [{ text: "it is 2", times: 2 }] },
    ]);
  });

  test("keeps the first five failures, and counts all", () => {
    const checks = new Checks();
    for (let at = 0; at < 9; at++) checks.expect("never", false, () => `number ${at}`);
    const [check] = checks.all;
    expect(check?.failures.map(({ text }) => text)).toEqual(
      Array.from({ length: 5 }, (_, at) => `number ${at}`),
    );
    expect(check).toMatchObject({ made: 9, held: 0 });
  });
});
