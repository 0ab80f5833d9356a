import { type Item, noLabels } from "../api/item.ts";
import type { SelectableField } from "../api/selectable-fields.ts";
import { HeldItem } from "./held-item.ts";
import { internFields, internRecord } from "./interned.ts";
import type { Range } from "./json.ts";
import { MalformedProtobufError, Reader, walkFields } from "./protobuf.ts";

interface Metadata {
  namespace: string;
  name: string;
  uid: Range | string;
  resourceVersion: string;
  labels: Record<string, string> | undefined;
}

/** Reads ObjectMeta, field 1 of every Kubernetes message that is an object (apimachinery, meta/v1 generated.proto). What is absent is empty. */
export function readProtobufMetadata(bytes: Uint8Array): Metadata {
  const metadata: Metadata = {
    namespace: "",
    name: "",
    uid: "",
    resourceVersion: "",
    labels: undefined,
  };
  const reader = Reader.create(bytes);
  while (reader.pos < bytes.length) {
    const tag = reader.uint32();
    if (tag === 0x0a) {
      readObjectMeta(reader, reader.uint32() + reader.pos, metadata);
      break;
    }
    reader.skipType(tag & 7);
  }
  return metadata;
}

function readObjectMeta(reader: Reader, end: number, metadata: Metadata): void {
  walkFields(reader, end, (field) => {
    if (field === 1) metadata.name = reader.string();
    else if (field === 3) metadata.namespace = reader.string();
    else if (field === 5) metadata.uid = readUid(reader);
    else if (field === 6) metadata.resourceVersion = reader.string();
    else if (field === 11) {
      metadata.labels ??= {};
      readLabel(reader, reader.uint32() + reader.pos, metadata.labels);
    } else return false;
    return true;
  });
}

/** A uid is a UUID; what else somebody writes there is kept as text. */
function readUid(reader: Reader): Range | string {
  const start = reader.pos;
  const text = reader.string();
  const end = reader.pos;
  return end - text.length > start && isAscii(text) ? { start: end - text.length, end } : text;
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return false;
  return true;
}

function readLabel(reader: Reader, end: number, labels: Record<string, string>): void {
  let key = "";
  let value = "";
  walkFields(reader, end, (field) => {
    if (field === 1) key = reader.string();
    else if (field === 2) value = reader.string();
    else return false;
    return true;
  });
  Object.defineProperty(labels, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

/** The item of these bytes. Throws where they have no name, or no resourceVersion that can be compared. */
export function readProtobufItem(bytes: Uint8Array, selectable: readonly SelectableField[]): Item {
  const metadata = readProtobufMetadata(bytes);
  if (metadata.name === "") throw new MalformedProtobufError("an object without a name");
  const labels =
    metadata.labels === undefined ? noLabels : internRecord(JSON.stringify(metadata.labels));
  const fields = internFields(selectable, (field) => readField(bytes, field));
  return new HeldItem({ ...metadata, labels, fields, bytes });
}

function readField(bytes: Uint8Array, field: SelectableField): string {
  for (const path of field.protobuf) {
    const value = readPath(Reader.create(bytes), bytes.length, path, field);
    if (value !== undefined) return value;
  }
  return field.absent;
}

function readPath(
  reader: Reader,
  end: number,
  path: readonly number[],
  field: SelectableField,
): string | undefined {
  let found: string | undefined;
  const [first, ...rest] = path;
  walkFields(reader, end, (number) => {
    if (number !== first) return false;
    if (rest.length > 0)
      found = readPath(reader, reader.uint32() + reader.pos, rest, field) ?? found;
    else if (field.kind === "string") found = reader.string();
    else if (field.kind === "bool") found = String(reader.bool());
    else found = String(reader.int32());
    return true;
  });
  return found === "" ? undefined : found;
}
