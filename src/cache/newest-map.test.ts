import { expect, test } from "bun:test";

import { NewestMap } from "./newest-map.ts";

test("a NewestMap keeps what was set last, and an entry that is set again is new", () => {
  const map = new NewestMap<string, number>(2);
  map.set("a", 1).set("b", 2).set("a", 3).set("c", 4);
  expect([...map]).toEqual([
    ["a", 3],
    ["c", 4],
  ]);
});
