import { describe, expect, test } from "bun:test";

import { fieldTree, parseFieldPath } from "../api/field-path.ts";
import { concat } from "./json-list.ts";
import { readProtobufMetadata } from "./protobuf-item.ts";
import { trimProtobuf } from "./protobuf-trim.ts";
import { bytesTag, Writer } from "./protobuf.ts";
import { fitsProtobuf, type Trim } from "./trim.ts";

function trimOf(leaves: Trim["leaves"], ...paths: readonly string[]): Trim {
  return { leaves, fields: fieldTree(paths.map(parseFieldPath)) };
}

function entry(field: number, key: string, value: string): Uint8Array {
  const inner = Writer.create().uint32(bytesTag(1)).string(key).uint32(bytesTag(2)).string(value);
  return Writer.create().uint32(bytesTag(field)).bytes(inner.finish()).finish();
}

function text(field: number, value: string): Uint8Array {
  return Writer.create().uint32(bytesTag(field)).string(value).finish();
}

const version = text(6, "7");
const label = entry(11, "l", "1");
const note = entry(12, "note", "2");
const other = entry(12, "other", "3");
const managed = text(17, "managed");
const data = text(2, "data");

function object(...fields: readonly Uint8Array[]): Uint8Array {
  const meta = Writer.create().uint32(bytesTag(1)).bytes(concat(fields)).finish();
  return concat([meta, data]);
}

const name = text(1, "a");
const whole = object(name, text(3, "ns"), version, label, note, other, managed);

describe("trimProtobuf", () => {
  test.each([
    ["metadata.managedFields", object(name, text(3, "ns"), version, label, note, other)],
    ['metadata.annotations["note"]', object(name, text(3, "ns"), version, label, other, managed)],
    ["metadata.annotations", object(name, text(3, "ns"), version, label, managed)],
  ])("all but %s", (path, expected) => {
    expect(trimProtobuf(whole, trimOf("all but these", path))).toEqual(expected);
  });

  test("only name and namespace", () => {
    const shown = trimProtobuf(whole, trimOf("only these", "metadata.name", "metadata.namespace"));
    expect(shown).toEqual(object(name, text(3, "ns")).subarray(0, -data.length));
    expect(readProtobufMetadata(shown)).toMatchObject({ name: "a", namespace: "ns", uid: "" });
  });

  test("where nothing is left out it is the very same array", () => {
    const trim = trimOf("all but these", 'metadata.labels["none"]');
    expect(trimProtobuf(whole, trim)).toBe(whole);
  });
});

describe("fitsProtobuf", () => {
  test.each([
    ["metadata.managedFields", true],
    ['metadata.labels["a"]', true],
    ["metadata", true],
    ["data", false],
    ["metadata.ownerReferences[*].uid", false],
    ["metadata.managedFields[*].time", false],
    ["metadata.unheardOf", false],
    ["metadata.annotations[*]", false],
  ])("%s: %p", (path, fits) => {
    expect(fitsProtobuf(trimOf("all but these", path))).toBe(fits);
  });
});
