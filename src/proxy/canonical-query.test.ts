import { describe, expect, test } from "bun:test";

import { canonicalQuery } from "./canonical-query.ts";

describe("canonicalQuery", () => {
  test.each([
    ["", ""],
    ["limit=500", "limit=500"],
    ["limit=500&fieldSelector=b%3D2%2Ca%3D1", "fieldSelector=a%3D1%2Cb%3D2&limit=500"],
    ["fieldSelector=a%3D1,b%3D2&limit=500", "fieldSelector=a%3D1%2Cb%3D2&limit=500"],
    ["fieldSelector=b=2,a=1", "fieldSelector=a=1%2Cb=2"],
    ["fieldSelector=b%3D2%5C%2Ca", "fieldSelector=b%3D2%5C%2Ca"],
    ["fieldSelector=", "fieldSelector="],
    ["labelSelector=b,a", "labelSelector=b,a"],
  ])("%p is %p", (query, expected) => {
    expect(canonicalQuery(query)).toBe(expected);
  });
});
