import { describe, expect, test } from "bun:test";

import { fieldTree, parseFieldPath } from "../api/field-path.ts";
import { trimJson } from "./json-trim.ts";
import { MalformedJsonError } from "./json.ts";
import type { Trim } from "./trim.ts";

function trimmed(text: string, leaves: Trim["leaves"], paths: readonly string[]): string {
  const trim = { leaves, fields: fieldTree(paths.map(parseFieldPath)) };
  return Buffer.from(trimJson(Buffer.from(text), trim)).toString();
}

const pod =
  '{"metadata":{"name":"a","labels":{"x":"1"},"managedFields":[{"m":1}]},"spec":{"containers":[{"name":"c","env":[{"name":"E"}]},{"env":[],"name":"d"}],"n":1}}';

describe("trimJson", () => {
  test.each([
    // paths left out, object -> object
    ["data", '{"a":1,"data":{"k":"v"}}', '{"a":1}'],
    ["data", '{"data":{"k":"v"},"a":1}', '{"a":1}'],
    ["data", '{"a":1,"data":2,"b":3}', '{"a":1,"b":3}'],
    ["data", '{"data":1}', "{}"],
    ["a.b", '{"a":{"b":1,"c":2}}', '{"a":{"c":2}}'],
    ["a.b", '{"a":{"b":1},"d":2}', '{"d":2}'],
    ["a.b", '{"a":[{"b":1},{"b":1,"c":2}]}', '{"a":[{},{"c":2}]}'],
    ["a[*].b", '{"a":[{"b":1,"c":"b"},{"b":[1,{"b":2}]}],"b":3}', '{"a":[{"c":"b"},{}],"b":3}'],
    ["a[*]", '{"a":[1,2],"b":3}', '{"b":3}'],
    ["a[*].b", '{"a":{"x":{"b":1,"c":2}}}', '{"a":{"x":{"c":2}}}'],
    ["a.b", '{"a":"b"}', '{"a":"b"}'],
    ['m["k.l/n"]', '{"m":{"k.l/n":"v","o":"p"}}', '{"m":{"o":"p"}}'],
    ["data", '{ "a" : 1 , "data" : 2 }', '{"a" : 1}'],
    ["data", '{"d\\u0061ta":1,"b":"\\"data\\":1"}', '{"b":"\\"data\\":1"}'],
    ['a["ä"]', '{"a":{"ä":1,"ö":2}}', '{"a":{"ö":2}}'],
    ["kind", '{"kind":"A","apiVersion":"v1"}', '{"kind":"A","apiVersion":"v1"}'],
    [
      "metadata.managedFields",
      pod,
      '{"metadata":{"name":"a","labels":{"x":"1"}},"spec":{"containers":[{"name":"c","env":[{"name":"E"}]},{"env":[],"name":"d"}],"n":1}}',
    ],
  ])("all but %s of %s", (path, from, to) => {
    expect(trimmed(from, "all but these", [path])).toBe(to);
  });

  test.each([
    [["metadata.name"], pod, '{"metadata":{"name":"a"}}'],
    [["metadata.name"], '{"kind":"P","apiVersion":"v1","a":1}', '{"kind":"P","apiVersion":"v1"}'],
    [
      ["metadata.name", "spec.containers[*].name"],
      pod,
      '{"metadata":{"name":"a"},"spec":{"containers":[{"name":"c"},{"name":"d"}]}}',
    ],
    [
      ["metadata", "spec.n"],
      '{"metadata":{"a":{}},"spec":{"n":0,"m":1},"z":[]}',
      '{"metadata":{"a":{}},"spec":{"n":0}}',
    ],
    [["a.b"], '{"a":"b"}', "{}"],
    [["a[*].b"], '{"a":[{"c":1},{"b":2}]}', '{"a":[{},{"b":2}]}'],
  ])("only %p", (paths, from, to) => {
    expect(trimmed(from, "only these", paths)).toBe(to);
  });

  test("where nothing is left out it is the very same array", () => {
    const bytes = Buffer.from(pod);
    const trim: Trim = { leaves: "all but these", fields: fieldTree([parseFieldPath("data")]) };
    expect(trimJson(bytes, trim)).toBe(bytes);
  });

  test("what is no JSON is refused", () => {
    expect(() => trimmed('{"a":', "all but these", ["b"])).toThrow(MalformedJsonError);
    expect(() => trimmed("[]", "all but these", ["b"])).toThrow(MalformedJsonError);
  });
});
