import { describe, expect, test } from "bun:test";

import { parseFieldSelector } from "../api/field-selector.ts";
import { parseLabelSelector } from "../api/label-selector.ts";
import { protobufCodec } from "../codec/protobuf-codec.ts";
import { configMapScope } from "../testing/disk.ts";
import { parseScopeId, scopeId } from "./scope-id.ts";
import type { Scope } from "./watch-cache.ts";

const base = configMapScope("default");

describe("scopeId", () => {
  test.each<[string, Scope]>([
    ["a namespace", base],
    ["all namespaces", configMapScope()],
    ["protobuf", { ...base, codec: protobufCodec }],
    ["a group", { ...base, gvr: { group: "apps", version: "v1", resource: "deployments" } }],
    ["labels", { ...base, labelSelector: parseLabelSelector("a in (b,c),!d,e>5") }],
    ["fields", { ...base, fieldSelector: parseFieldSelector("metadata.name!=a\\,b\\=c") }],
  ])("is read back: %s", (_, scope) => {
    const id = scopeId(scope);
    const parsed = parseScopeId(id);
    expect(parsed).toEqual(scope);
    expect(parsed && scopeId(parsed)).toBe(id);
  });

  test("is one for selectors that say the same", () => {
    const [a, b] = ["x=1,y", "y,x in (1)"].map((text) =>
      scopeId({ ...base, labelSelector: parseLabelSelector(text) }),
    );
    expect(a).toBe(b);
  });

  test.each([
    "",
    "x",
    "[]",
    '["xml","","v1","pods","","",""]',
    '["json","","v1","pods","",""]',
    '["json","","v1","pods","","(",""]',
  ])("%p is none", (text) => expect(parseScopeId(text)).toBeUndefined());
});
