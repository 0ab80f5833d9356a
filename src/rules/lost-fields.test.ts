import { describe, expect, test } from "bun:test";

import { fieldTree, parseFieldPath } from "../api/field-path.ts";
import type { Json } from "./json.ts";
import { lostFields } from "./lost-fields.ts";

const env = (name: string, value: string) => ({ name, value });

describe("lostFields", () => {
  test.each<[string[], Json, Json, string[]]>([
    // left out, before, after -> lost
    [["data"], { data: { a: "1" } }, {}, ["data"]],
    [["data"], { data: { a: "1" } }, { data: null }, ["data"]],
    [["data"], { data: { a: "1", b: "2" } }, { data: { a: "3" } }, ["data.b"]],
    [["data"], { data: { a: "1" } }, { data: { a: "2" } }, []],
    [["data"], { data: {} }, {}, []],
    [["data"], { x: 1 }, {}, []],
    [["metadata.managedFields"], { metadata: { managedFields: [{}] } }, {}, []],
    [
      ["metadata.annotations"],
      { metadata: { annotations: { "a/b": "c" } } },
      { metadata: { annotations: {} } },
      ['metadata.annotations["a/b"]'],
    ],
    [
      ["c[*].env"],
      { c: [{ name: "x", env: [env("E", "1")] }] },
      { c: [{ name: "x" }] },
      ["c[x].env"],
    ],
    [
      ["c[*].env"],
      { c: [{ name: "x", env: [env("E", "1")] }] },
      { c: [{ name: "y" }, { name: "x", env: [env("E", "2")] }] },
      [],
    ],
    [["c.env"], { c: [{ env: [1] }] }, { c: [{}] }, ["c[0].env"]],
    [["a.b"], { a: { b: 1, c: 2 } }, { a: {} }, ["a.b"]],
  ])("all but %p: %p to %p", (paths, before, after, lost) => {
    const trim = { leaves: "all but these", fields: fieldTree(paths.map(parseFieldPath)) } as const;
    expect(lostFields(before, after, trim)).toEqual(lost);
  });

  test.each<[string[], Json, Json, string[]]>([
    [
      ["metadata.name"],
      { metadata: { name: "a", uid: "u" }, data: { k: "v" } },
      { metadata: {} },
      ["data"],
    ],
    [
      ["metadata.name"],
      { metadata: { name: "a", labels: { x: "1" } } },
      { metadata: { name: "a" } },
      ["metadata.labels"],
    ],
    [
      ["metadata", "spec.n"],
      { metadata: { a: 1 }, spec: { n: 1, m: 2 } },
      { spec: {} },
      ["spec.m"],
    ],
  ])("only %p: %p to %p", (paths, before, after, lost) => {
    const trim = { leaves: "only these", fields: fieldTree(paths.map(parseFieldPath)) } as const;
    expect(lostFields(before, after, trim)).toEqual(lost);
  });
});
