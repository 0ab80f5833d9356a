import { describe, expect, test } from "bun:test";

import { prettyJson } from "./json-pretty.ts";

describe("prettyJson", () => {
  test.each([
    { value: {} },
    { value: [] },
    { value: { a: {} } },
    { value: { a: [], b: { c: [1, "x", null, true, { d: -1.5e3 }] } } },
    { value: { text: 'quote " and \\ and {[,:]}\n', "key:": "," } },
    { value: [[[]], [{}], [[1]]] },
  ])("indents %j as JSON.stringify does", ({ value }) => {
    const compact = new TextEncoder().encode(`${JSON.stringify(value)}\n`);
    expect(new TextDecoder().decode(prettyJson(compact))).toBe(JSON.stringify(value, null, 2));
  });

  test("leaves escapes as they were written", () => {
    const compact = new TextEncoder().encode('{"a":"\\u003c\\u2028é"}');
    expect(new TextDecoder().decode(prettyJson(compact))).toBe('{\n  "a": "\\u003c\\u2028é"\n}');
  });
});
