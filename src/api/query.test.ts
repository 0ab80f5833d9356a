import { describe, expect, test } from "bun:test";

import { decodePath, parseQuery } from "./query.ts";

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
