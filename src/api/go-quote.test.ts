import { describe, expect, test } from "bun:test";

import { goQuote } from "./go-quote.ts";

describe("goQuote", () => {
  test.each([
    ["a", '"a"'],
    ["", '""'],
    ['a"b\\', '"a\\"b\\\\"'],
    ["é<&'", `"é<&'"`],
    ["\u00a0\u2028", '"\\u00a0\\u2028"'],
    ["\0\u007f", '"\\x00\\x7f"'],
    ["\n\t\u0007", '"\\n\\t\\a"'],
    ["😀", '"😀"'],
    ["\u{e0001}", '"\\U000e0001"'],
  ])("%j is %s", (text, quoted) => {
    expect(goQuote(text)).toBe(quoted);
  });
});
