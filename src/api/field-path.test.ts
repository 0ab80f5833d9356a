import { describe, expect, test } from "bun:test";

import { fieldTree, parseFieldPath } from "./field-path.ts";

const each = { is: "each" } as const;
const member = (name: string) => ({ is: "member", name }) as const;

describe("parseFieldPath", () => {
  test.each([
    ["data", [member("data")]],
    [".data", [member("data")]],
    ["metadata.managedFields", [member("metadata"), member("managedFields")]],
    ['metadata.annotations["a.b/c"]', [member("metadata"), member("annotations"), member("a.b/c")]],
    ['data["a\\"b"].c', [member("data"), member('a"b'), member("c")]],
    ["spec.containers[*].env", [member("spec"), member("containers"), each, member("env")]],
    ["a[*][*]", [member("a"), each, each]],
    ["x-kubernetes-y.$ref", [member("x-kubernetes-y"), member("$ref")]],
  ])("%s", (text, steps) => {
    expect(parseFieldPath(text)).toEqual(steps);
  });

  test.each([
    "",
    ".",
    "a.",
    "a..b",
    "a[0]",
    "a[",
    'a["b]',
    "[*]",
    "[*].a",
    "a b",
    "{.a}",
    "a.[*]",
    "a[*]b",
  ])("%p is refused with the right form", (text) => {
    expect(() => parseFieldPath(text)).toThrow("is no field path");
  });
});

describe("fieldTree", () => {
  test("paths that begin alike share their beginning", () => {
    const tree = fieldTree(["a.b", "a.c[*].d"].map(parseFieldPath));
    expect([...tree.members.keys()]).toEqual(["a"]);
    const a = tree.members.get("a");
    expect(a?.isWhole).toBe(false);
    expect(a?.members.get("b")?.isWhole).toBe(true);
    expect(a?.members.get("c")?.each?.members.get("d")?.isWhole).toBe(true);
  });
});
