import { describe, expect, test } from "bun:test";

import { everything, labelSelectorCovers, parseLabelSelector } from "./label-selector.ts";

describe("parseLabelSelector", () => {
  test.each([
    ["", ""],
    ["  ", ""],
    ["\0", ""],
    ["a=b", "a=b"],
    ["a==b", "a=b"],
    ["a in (b)", "a=b"],
    [" a\t=\nb ", "a=b"],
    ["a=", "a="],
    ["a=,b", "a=,b"],
    ["a!=b", "a!=b"],
    ["a notin (b)", "a!=b"],
    ["a !=", "a!="],
    ["a in (c,b,c)", "a in (b,c)"],
    ["a notin (c,b)", "a notin (b,c)"],
    ["a in ()", "a="],
    ["a in (,)", "a="],
    ["a in (,a)", "a in (,a)"],
    ["a in (a,)", "a in (,a)"],
    ["a in (a,,b)", "a in (,a,b)"],
    ["a in (a,b,)", "a in (,a,b)"],
    ["a in (,,)", "a="],
    ["a", "a"],
    ["!a", "!a"],
    ["! a", "!a"],
    ["a>1", "a>1"],
    ["a<010", "a<010"],
    ["b,a", "a,b"],
    ["a=1,a=0,a=1", "a=0,a=1"],
    ["in", "in"],
    ["!in", "!in"],
    ["in in (in,notin)", "in in (in,notin)"],
    ["a=notin", "a=notin"],
    ["a in(b)", "a=b"],
    ["a=b\0,c", "a=b,c"],
    ["example.com/a-b_c.d=1.5", "example.com/a-b_c.d=1.5"],
  ])("%j is %j", (text, canonical) => {
    const selector = parseLabelSelector(text);
    expect(selector.text).toBe(canonical);
    expect(parseLabelSelector(canonical).requirements).toEqual(selector.requirements);
    expect(selector.isEmpty).toBe(canonical === "");
  });

  test("an empty selector is everything", () => {
    expect(parseLabelSelector("")).toBe(everything);
  });
});

describe("LabelSelector.matches", () => {
  test.each([
    ["", {}, true],
    ["a=b", { a: "b" }, true],
    ["a=b", { a: "c" }, false],
    ["a=b", {}, false],
    ["a=", { a: "" }, true],
    ["a=", {}, false],
    ["a!=b", {}, true],
    ["a!=b", { a: "b" }, false],
    ["a!=b", { a: "c" }, true],
    ["a in (b,c)", { a: "c" }, true],
    ["a notin (b,c)", { a: "c" }, false],
    ["a notin (b,c)", {}, true],
    ["a", { a: "" }, true],
    ["a", { b: "" }, false],
    ["!a", { b: "" }, true],
    ["!a", { a: "" }, false],
    ["a>1", { a: "2" }, true],
    ["a>1", { a: "1" }, false],
    ["a>1", { a: "x" }, false],
    ["a>1", {}, false],
    ["a<1", { a: "0" }, true],
    ["a<1", { a: "00" }, true],
    ["a>9007199254740992", { a: "9007199254740993" }, true],
    ["a<1", { a: "99999999999999999999" }, false],
    ["a=b,c", { a: "b" }, false],
    ["a=b,c", { a: "b", c: "" }, true],
    ["a=1,a=0", { a: "1" }, false],
    ["constructor", {}, false],
    ["!toString", {}, true],
    ["constructor=x", { constructor: "x" }, true],
  ])("%j on %j: %p", (text, labels, expected) => {
    expect(parseLabelSelector(text).matches(labels as Record<string, string>)).toBe(expected);
  });
});

describe("labelSelectorCovers", () => {
  test.each([
    ["", "", true],
    ["", "a=b", true],
    ["a=b", "", false],
    ["a=b", "a=b", true],
    ["a=b", "a=b,c", true],
    ["a=b,c", "a=b", false],
    ["a=b", "a=c", false],
    ["a=b", "b=b", false],
    ["a in (b,c)", "a=b", true],
    ["a in (b,c)", "a in (c,b)", true],
    ["a in (b,c)", "a in (b,d)", false],
    ["a in (b,c)", "a", false],
    ["a in (b,c)", "a notin (d)", false],
    ["a", "a=b", true],
    ["a", "a in (b,c)", true],
    ["a", "a>1", true],
    ["a", "a!=b", false],
    ["a", "!a", false],
    ["a!=b", "a=c", true],
    ["a!=b", "a=b", false],
    ["a!=b", "!a", true],
    ["a!=b", "a notin (b,c)", true],
    ["a notin (b,c)", "a!=b", false],
    ["a notin (b,c)", "a in (d,e)", true],
    ["a!=b", "a", false],
    ["a!=b", "a>1", true],
    ["a!=3", "a>5", true],
    ["a!=7", "a>5", false],
    ["!a", "!a", true],
    ["!a", "a!=b", false],
    ["a>1", "a>1", true],
    ["a>1", "a>2", true],
    ["a>2", "a>1", false],
    ["a<2", "a<1", true],
    ["a<1", "a<2", false],
    ["a<2", "a>1", false],
    ["a>1", "a=2", true],
    ["a>1", "a in (1,2)", false],
    ["a>1", "a", false],
  ])("%j covers %j: %p", (outer, inner, expected) => {
    expect(labelSelectorCovers(parseLabelSelector(outer), parseLabelSelector(inner))).toBe(
      expected,
    );
  });

  test("is never wrong on a grid of selectors and values", () => {
    const texts = [
      "",
      "a",
      "!a",
      ...["1", "2"].flatMap((v) => [`a=${v}`, `a!=${v}`, `a>${v}`, `a<${v}`]),
    ];
    const selectors = [...texts, "a in (1,2)", "a notin (1,3)", "a in (,x)"].map(
      parseLabelSelector,
    );
    const objects = [{}, ...["", "0", "1", "2", "3", "x"].map((a) => ({ a }))];
    for (const outer of selectors) {
      for (const inner of selectors.filter((each) => labelSelectorCovers(outer, each))) {
        const shown = objects.filter((labels) => inner.matches(labels));
        expect(shown.every((labels) => outer.matches(labels))).toBe(true);
      }
    }
  });
});
