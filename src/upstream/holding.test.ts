import { describe, expect, test } from "bun:test";

import { asResponse } from "../testing/as-response.ts";
import { answerOf, hold } from "./held-answer.ts";
import { Holding } from "./holding.ts";

const text = "0123456789".repeat(100);

/** An answer whose length is known, or not. */
function answer(length: "known" | "unknown"): Response {
  const body = new Blob([text]).stream();
  return new Response(
    body,
    length === "known" ? { headers: { "content-length": String(text.length) } } : {},
  );
}

describe("Holding", () => {
  test("lets one alone have more than the bound, and nobody beside it", () => {
    const holding = new Holding(100);
    expect(holding.takeMore(90, 0)).toBe(true);
    expect(holding.takeMore(90, 90)).toBe(true);
    expect(holding.take(1)).toBe(false);
    expect(holding.takeMore(1, 0)).toBe(false);
    holding.giveBack(180);
    expect(holding.take(60)).toBe(true);
    expect(holding.takeMore(60, 0)).toBe(false);
    expect(holding.takeMore(40, 0)).toBe(true);
  });
});

describe("hold, with a bound on what all answers hold", () => {
  test.each([
    // length, bytes that there is room for -> how it is given
    ["known", 1000, "held"],
    ["known", 999, "streamed"],
    ["unknown", 1000, "held"],
    ["unknown", 999, "streamed"],
  ] as const)("one of %s length, with room for %d bytes, is %s", async (length, room, is) => {
    const holding = new Holding(room);
    const held = await hold(answer(length), { explain: async (error) => error, holding });
    expect(held.is).toBe(is);
    expect(holding.byteLength).toBe(0);
    const given = answerOf(held);
    expect(given && (await asResponse(given).text())).toBe(text);
  });
});
