import { describe, expect, test } from "bun:test";

import { everyField, fieldSelectorCovers, parseFieldSelector } from "./field-selector.ts";

describe("parseFieldSelector", () => {
  test.each([
    ["", ""],
    [",", ""],
    ["=", ""],
    ["==", ""],
    ["!=", ""],
    ["metadata.name=a", "metadata.name=a"],
    ["metadata.name==a", "metadata.name=a"],
    ["metadata.name!=a", "metadata.name!=a"],
    ["metadata.name=a,", "metadata.name=a"],
    ["metadata.name=", "metadata.name="],
    ["metadata.name!=", "metadata.name!="],
    ["metadata.name=!a", "metadata.name=!a"],
    ["metadata.name= a ", "metadata.name= a "],
    [" metadata.name=a", " metadata.name=a"],
    ["b=1,a=1,b=1", "a=1,b=1"],
    ["a=x\\,y\\=z\\\\", "a=x\\,y\\=z\\\\"],
    ["=a", "=a"],
    ["meta\\data=a", "meta\\data=a"],
    ["a=b\\\\,c=d", "a=b\\\\,c=d"],
  ])("%j is %j", (text, canonical) => {
    const selector = parseFieldSelector(text);
    expect(selector.text).toBe(canonical);
    expect(parseFieldSelector(canonical).requirements).toEqual(selector.requirements);
    expect(selector.isEmpty).toBe(canonical === "");
  });

  // answers of kube-apiserver 1.37.2 and 1.33.13
  test.each([
    ["foo", "invalid selector: 'foo'; can't understand 'foo'"],
    ["z=1,!a", "invalid selector: 'z=1,!a'; can't understand '!a'"],
    ["a in (b)", "invalid selector: 'a in (b)'; can't understand 'a in (b)'"],
    ["a=b=c", "invalid field selector: unescaped character in value: 61"],
    ["a!==b", "invalid field selector: unescaped character in value: 61"],
    ["a===b", "invalid field selector: unescaped character in value: 61"],
    ["a=b\\\\=c", "invalid field selector: unescaped character in value: 61"],
    ["a=b\\", "invalid field selector: invalid escape sequence: \\"],
    ["a=b\\x", "invalid field selector: invalid escape sequence: \\x"],
    ["a=b\\😀", "invalid field selector: invalid escape sequence: \\😀"],
  ])("%j is refused", (text, message) => {
    expect(() => parseFieldSelector(text)).toThrow(
      expect.objectContaining({ status: expect.objectContaining({ code: 400, message }) }),
    );
  });

  test("an empty selector is everyField", () => {
    expect(parseFieldSelector("")).toBe(everyField);
  });
});

describe("FieldSelector", () => {
  const fields: Readonly<Record<string, string>> = { "metadata.name": "a", "spec.nodeName": "n,1" };

  test.each([
    ["", true],
    ["metadata.name=a", true],
    ["metadata.name=b", false],
    ["metadata.name!=b", true],
    ["metadata.name!=a", false],
    ["spec.nodeName=n\\,1", true],
    ["metadata.name=a,spec.nodeName=", false],
    ["status.podIP=", true],
    ["status.podIP!=", false],
    ["status.podIP!=x", true],
  ])("%j matches: %p", (text, expected) => {
    expect(parseFieldSelector(text).matches((path) => fields[path])).toBe(expected);
  });

  test.each([
    ["metadata.name=a", "a"],
    ["metadata.name=", ""],
    ["metadata.name!=a", undefined],
    ["x=y", undefined],
    ["metadata.name!=b,metadata.name=a", "a"],
  ])("%j requires the name %p", (text, name) => {
    expect(parseFieldSelector(text).requiredValue("metadata.name")).toBe(name as string);
  });
});

describe("fieldSelectorCovers", () => {
  test.each([
    ["", "a=b", true],
    ["a=b", "", false],
    ["a=b", "a=b,c=d", true],
    ["a=b,c=d", "a=b", false],
    ["a!=b", "a=c", true],
    ["a!=b", "a=b", false],
    ["a!=b", "a!=b", true],
    ["a!=b", "a!=c", false],
    ["a=b", "a!=c", false],
    ["a=", "a=", true],
  ])("%j covers %j: %p", (outer, inner, expected) => {
    expect(fieldSelectorCovers(parseFieldSelector(outer), parseFieldSelector(inner))).toBe(
      expected,
    );
  });
});
