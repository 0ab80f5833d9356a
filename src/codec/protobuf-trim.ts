import type { FieldTree } from "../api/field-path.ts";
import { concat } from "./json-list.ts";
import { MalformedProtobufError, Reader, walkFields, Writer } from "./protobuf.ts";
import { objectMetaFields, objectMetaMaps, type Trim } from "./trim.ts";

/** Field 1 of every object. */
const metadataField = 1;

/** Whether a field of a message stays, and how much of it. */
type FieldTrim = "same" | "gone" | ((bytes: Uint8Array) => Uint8Array);

/**
 * The object, in list form, without what the trim leaves out; the very same array where that is nothing. The trim is one that
 * `fitsProtobuf`: what no schema is needed for. Throws MalformedProtobufError.
 */
export function trimProtobuf(bytes: Uint8Array, { fields, leaves }: Trim): Uint8Array {
  const metadata = fields.members.get("metadata");
  return trimMessage(bytes, (field) => {
    const tree = field === metadataField ? metadata : undefined;
    if (tree === undefined) return leaves === "only these" ? "gone" : "same";
    if (tree.isWhole) return leaves === "only these" ? "same" : "gone";
    return (meta) => trimObjectMeta(meta, tree, leaves);
  });
}

const namesOfFields = new Map([...objectMetaFields].map(([name, field]) => [field, name]));

function trimObjectMeta(bytes: Uint8Array, tree: FieldTree, leaves: Trim["leaves"]): Uint8Array {
  return trimMessage(bytes, (field, value) => {
    const name = namesOfFields.get(field);
    const below = name === undefined ? undefined : tree.members.get(name);
    if (name === undefined || below === undefined) return leaves === "only these" ? "gone" : "same";
    const isMeant = below.isWhole || (objectMetaMaps.has(name) && below.members.has(keyOf(value)));
    return isMeant === (leaves === "only these") ? "same" : "gone";
  });
}

/** The message with each of its fields as `trimOf` says; it is given the value of a length-delimited one. */
export function trimMessage(
  bytes: Uint8Array,
  trimOf: (field: number, value: Uint8Array) => FieldTrim,
): Uint8Array {
  const kept: Uint8Array[] = [];
  let isSame = true;
  const reader = Reader.create(bytes);
  while (reader.pos < bytes.length) {
    const start = reader.pos;
    const tag = reader.uint32();
    const valueStart = reader.pos;
    reader.skipType(tag & 7);
    const value = (tag & 7) === 2 ? delimited(bytes, valueStart, reader.pos) : noBytes;
    const trim = trimOf(tag >>> 3, value);
    const after = typeof trim === "function" ? trim(value) : value;
    if (trim !== "gone" && after === value) kept.push(bytes.subarray(start, reader.pos));
    else isSame = false;
    if (trim !== "gone" && after !== value) kept.push(fieldOf(tag, after));
  }
  return isSame ? bytes : concat(kept);
}

const noBytes = new Uint8Array(0);

function delimited(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const reader = Reader.create(bytes);
  reader.pos = start;
  const length = reader.uint32();
  if (reader.pos + length !== end) throw new MalformedProtobufError("a value runs past the end");
  return bytes.subarray(reader.pos, end);
}

/** A length-delimited field: its tag, its length, its value. */
export function fieldOf(tag: number, value: Uint8Array): Uint8Array {
  const head = Writer.create();
  head.uint32(tag).uint32(value.length);
  return concat([head.finish(), value]);
}

/** The key of an entry of a map. */
function keyOf(entry: Uint8Array): string {
  let key = "";
  const reader = Reader.create(entry);
  walkFields(reader, entry.length, (number) => {
    if (number !== 1) return false;
    key = reader.string();
    return true;
  });
  return key;
}
