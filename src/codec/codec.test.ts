import { describe, expect, test } from "bun:test";

import { parseResourceVersion } from "../api/resource-version.ts";
import { expired } from "../api/status.ts";
import {
  concat,
  configMapBytes,
  configMapForm,
  inPieces,
  jsonCodec,
  protobufCodec,
} from "../testing/objects.ts";
import type { Codec } from "./codec.ts";
import { wholeBody } from "./list-body.ts";

const listForm = { kind: "ConfigMapList", apiVersion: "v1", style: "typed" } as const;

function listOf(codec: Codec, names: readonly string[]): Uint8Array {
  const items = names.map((name) => ({ bytes: configMapBytes(codec, { name }) }));
  const meta = {
    resourceVersion: parseResourceVersion("42"),
    continue: "",
    remainingItemCount: undefined,
  };
  return wholeBody(codec.list(listForm, meta, items));
}

describe.each([jsonCodec, protobufCodec])("codec $format", (codec) => {
  const names = ["a", "b-2", "c.3"];
  const list = listOf(codec, names);

  test.each([1, 2, 3, 7, 64, 100_000])("reads a list in pieces of %d bytes", (length) => {
    const reader = codec.listReader();
    const items = inPieces(list, length).flatMap((piece) => [...reader.push(piece)]);
    expect(items).toEqual(names.map((name) => configMapBytes(codec, { name })));
    expect(reader.finish()).toEqual({ form: listForm, resourceVersion: "42", continue: "" });
  });

  test("refuses every list that is cut short", () => {
    const shortest = codec.format === "json" ? list.length - 1 : list.length - 4;
    for (let length = 0; length < shortest; length++) {
      const reader = codec.listReader();
      expect(() => {
        reader.push(list.slice(0, length));
        reader.finish();
      }).toThrow();
    }
  });

  test("an item's bytes own their buffer", () => {
    const [item] = codec.listReader().push(list);
    expect(item?.buffer.byteLength).toBe(item?.byteLength ?? -1);
  });

  test.each([1, 3, 50, 100_000])("reads a watch in pieces of %d bytes", (length) => {
    const bytes = configMapBytes(codec, { name: "a", resourceVersion: "7" });
    const stream = concat([
      codec.event("ADDED", configMapForm, bytes),
      codec.bookmark(configMapForm, "9", true),
      codec.event("DELETED", configMapForm, bytes),
      codec.bookmark(configMapForm, "10", false),
      codec.error(expired("too old resource version: 1 (5)").status),
    ]);
    const reader = codec.watchReader();
    const events = inPieces(stream, length).flatMap((piece) => [...reader.push(piece)]);
    const form = configMapForm;
    expect(events).toEqual([
      { type: "ADDED", form, bytes },
      { type: "BOOKMARK", form, resourceVersion: "9", initialEventsEnd: true },
      { type: "DELETED", form, bytes },
      { type: "BOOKMARK", form, resourceVersion: "10", initialEventsEnd: false },
      { type: "ERROR", code: 410, message: "too old resource version: 1 (5)" },
    ]);
  });

  test("reads what selects an object", () => {
    const labels = { app: "x", constructor: "y", "example.com/z": "" };
    const bytes = configMapBytes(codec, { name: "a", namespace: "ns", uid: "u", labels });
    const item = codec.readItem(bytes, []);
    const { key, namespace, name, resourceVersion, uid, fields } = item;
    expect({ key, namespace, name, resourceVersion, uid, fields }).toEqual({
      key: "ns/a",
      namespace: "ns",
      name: "a",
      resourceVersion: "1",
      uid: "u",
      fields: {},
    } as never);
    expect({ ...item.labels }).toEqual(labels);
    expect(item.bytes).toBe(bytes);
  });

  test.each([
    ["", "u", ""],
    ["ns", "", "a uid that is empty"],
    ["ns", "uid-\u00e9", "a uid that is not ASCII"],
    ["ns", 'uid"\\', "a uid with escapes"],
    ["", "x".repeat(300), "a long uid"],
  ])("an item that lies elsewhere is the same: namespace %p, uid %p", (namespace, uid) => {
    const bytes = configMapBytes(codec, { name: "a", namespace, uid });
    const item = codec.readItem(bytes, []);
    const moved = item.withBytes(bytes.slice());
    for (const each of [item, moved]) {
      expect([each.name, each.namespace, each.uid]).toEqual(["a", namespace, uid]);
    }
    expect(moved.bytes).toEqual(bytes);
    expect(moved.bytes).not.toBe(bytes);
  });

  test.each([
    [{ name: "" }, "name"],
    [{ name: "a", resourceVersion: "" }, "resourceVersion"],
    [{ name: "a", resourceVersion: "abc" }, "resourceVersion"],
  ])("refuses the object %p", (spec, message) => {
    expect(() => codec.readItem(configMapBytes(codec, spec), [])).toThrow(message);
  });

  test("gives an object another resourceVersion, and nothing else", () => {
    const bytes = configMapBytes(codec, { name: "a", resourceVersion: "9" });
    const changed = codec.withResourceVersion(bytes, parseResourceVersion("12345"));
    expect(changed).toEqual(configMapBytes(codec, { name: "a", resourceVersion: "12345" }));
  });
});

describe("jsonCodec", () => {
  const item = new TextEncoder().encode('{"apiVersion":"e/v1","kind":"W","metadata":{"name":"a"}}');
  const form = { kind: "WList", apiVersion: "e/v1", style: "unstructured" } as const;

  test("writes a custom resource's list in its own order", () => {
    const meta = {
      resourceVersion: parseResourceVersion("5"),
      continue: "t",
      remainingItemCount: 2,
    };
    expect(new TextDecoder().decode(wholeBody(jsonCodec.list(form, meta, [{ bytes: item }])))).toBe(
      '{"apiVersion":"e/v1","items":[{"apiVersion":"e/v1","kind":"W","metadata":{"name":"a"}}],"kind":"WList","metadata":{"continue":"t","remainingItemCount":2,"resourceVersion":"5"}}\n',
    );
  });

  test.each(['{"items":[1]}', '{"kind":"L","apiVersion":"v1","items":[]}', "[]", "x"])(
    "refuses %s as a list",
    (text) => {
      const reader = jsonCodec.listReader();
      expect(() => {
        reader.push(new TextEncoder().encode(text));
        reader.finish();
      }).toThrow();
    },
  );
});
