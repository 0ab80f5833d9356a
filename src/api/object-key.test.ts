import { describe, expect, test } from "bun:test";

import { compareObjectKey, objectKey } from "./object-key.ts";

describe("objectKey", () => {
  test.each([
    ["ns", "a", "ns/a"],
    ["", "a", "a"],
  ])("%j, %j is %s", (namespace, name, key) => {
    expect(String(objectKey(namespace, name))).toBe(key);
  });
});

describe("compareObjectKey", () => {
  test("orders whole keys by bytes, as etcd does", () => {
    const keys = [
      objectKey("a", "x"),
      objectKey("a-b", "x"),
      objectKey("a", "B"),
      objectKey("a", "x"),
    ];
    expect(keys.toSorted(compareObjectKey).map(String)).toEqual(["a-b/x", "a/B", "a/x", "a/x"]);
  });
});
