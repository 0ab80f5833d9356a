import { describe, expect, test } from "bun:test";

import { decodePath, parseQuery, spelledPairs, spelledPath } from "./query.ts";

describe("parseQuery", () => {
  test.each([
    ["", []],
    ["a=1&b=2", ["a=1", "b=2"]],
    ["watch", ["watch="]],
    ["a=1&&a=2", ["a=1", "a=2"]],
    ["a=x+y%20z%2B", ["a=x y z+"]],
    ["a=b=c", ["a=b=c"]],
    ["a=%zz&b=1", ["b=1"]],
    ["%zz=1&b=1", ["b=1"]],
    ["a=1;b=2&c=3", ["c=3"]],
    ["a=%4", []],
    ["?a=1", ["?a=1"]],
    ["a=%C3%A9", ["a=é"]],
  ])("%s", (query, pairs) => {
    expect([...parseQuery(query)].map(([key, value]) => `${key}=${value}`)).toEqual(pairs);
  });

  test("the first value of a key counts", () => {
    expect(parseQuery("limit=1&limit=2").get("limit")).toBe("1");
  });
});

describe("decodePath", () => {
  test.each([
    ["/api/v1", "/api/v1"],
    ["/a%2Fb", "/a/b"],
    ["/a+b&c=d%20e?", "/a+b&c=d e?"],
    ["/%C3%A9", "/é"],
    ["/a%zz", undefined],
    ["/a%2", undefined],
  ])("%s", (path, decoded) => {
    expect(decodePath(path)).toBe(decoded as string);
  });
});

describe("spelledPairs", () => {
  test.each([
    ["", []],
    ["?", ["%3F="]],
    ["a=1&&a=2&b", ["a=1", "a=2", "b="]],
    ["a=x+y%20z%2B", ["a=x%20y%20z%2B"]],
    ["%61=%62", ["a=b"]],
    ["a=b=c", ["a=b%3Dc"]],
    ["a=b%3dc", ["a=b%3Dc"]],
    ["a%3Db=c", ["a%3Db=c"]],
    ["a=%zz&b=1", ["b=1"]],
    ["a=1;b=2&c=3", ["c=3"]],
    ["a=%c3%a9", ["a=%C3%A9"]],
    ["a=%ff", ["a=%FF"]],
    ["a=\u00c3\u00a9", ["a=%C3%A9"]],
    ["a=\u00e9", ["a=%E9"]],
    ["a=!*'()~-._,/", ["a=%21%2A%27%28%29~-._%2C%2F"]],
  ])("%s", (query, pairs) => {
    expect(spelledPairs(query).map(([key, value]) => `${key}=${value}`)).toEqual(pairs);
  });
});

describe("spelledPath", () => {
  test.each([
    ["/api/v1", "/api/v1"],
    ["/%61pi%2Fv1", "/api/v1"],
    ["/a:b", "/a%3Ab"],
    ["/a%3ab", "/a%3Ab"],
    ["/a+b", "/a%2Bb"],
    ["/a%20b", "/a%20b"],
    ["/a%25", "/a%25"],
    ["/a%zz", "/a%zz"],
    ["/%ff", "/%FF"],
    ["//a/", "//a/"],
  ])("%s", (path, spelled) => {
    expect(spelledPath(path)).toBe(spelled);
  });
});
