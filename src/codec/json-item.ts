import { type Item, type Labels, noLabels } from "../api/item.ts";
import type { SelectableField } from "../api/selectable-fields.ts";
import { HeldItem } from "./held-item.ts";
import { internFields, internRecord } from "./interned.ts";
import {
  decodeJson,
  decodeString,
  findMember,
  MalformedJsonError,
  plainText,
  type Range,
  walkObject,
} from "./json.ts";

interface Metadata {
  namespace: string;
  name: string;
  uid: Range | string;
  resourceVersion: string;
  labels: Labels;
}

/** Reads `metadata` of the object at byte 0, by its keys; the large ones (managedFields) are stepped over. Nothing is missed: what is absent is empty. */
export function readJsonMetadata(bytes: Uint8Array): Metadata {
  const metadata: Metadata = {
    namespace: "",
    name: "",
    uid: "",
    resourceVersion: "",
    labels: noLabels,
  };
  const range = findMember(bytes, 0, "metadata");
  if (range === undefined) return metadata;
  walkObject(bytes, range.start, (key, value) => {
    switch (key) {
      case "name":
      case "namespace":
      case "resourceVersion":
        metadata[key] = decodeString(bytes, value);
        break;
      case "uid":
        metadata.uid = plainText(bytes, value) ?? decodeString(bytes, value);
        break;
      case "labels":
        metadata.labels = decodeLabels(bytes, value);
        break;
    }
    return "on";
  });
  return metadata;
}

/** The item of these bytes. Throws where they have no name, or no resourceVersion that can be compared. */
export function readJsonItem(bytes: Uint8Array, selectable: readonly SelectableField[]): Item {
  const metadata = readJsonMetadata(bytes);
  if (metadata.name === "") throw new MalformedJsonError("an object without a name", 0);
  const fields = internFields(selectable, (field) => readField(bytes, field));
  return new HeldItem({ ...metadata, fields, bytes });
}

function decodeLabels(bytes: Uint8Array, range: Range): Labels {
  const first = bytes[range.start];
  if (first === 0x6e) return noLabels;
  if (first !== 0x7b) throw new MalformedJsonError("labels are no object", range.start);
  return internRecord(Buffer.prototype.utf8Slice.call(bytes, range.start, range.end));
}

function readField(bytes: Uint8Array, field: SelectableField): string {
  for (const path of field.json) {
    const value = findPath(bytes, path);
    if (value === undefined) continue;
    const decoded = decodeJson(bytes, value);
    if (typeof decoded === "number" || typeof decoded === "boolean") return String(decoded);
    if (typeof decoded === "string" && decoded !== "") return decoded;
  }
  return field.absent;
}

/** Follows keys into objects. */
function findPath(bytes: Uint8Array, path: readonly string[]): Range | undefined {
  let range: Range | undefined = { start: 0, end: bytes.length };
  for (const key of path) {
    if (range === undefined || bytes[range.start] !== 0x7b) return undefined;
    range = findMember(bytes, range.start, key);
  }
  return range;
}
