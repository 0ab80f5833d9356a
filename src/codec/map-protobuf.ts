import { noFields, noLabels } from "../api/item.ts";
import { concat } from "./json-list.ts";
import { latin1 } from "./json.ts";
import type { MappedBody, ObjectMap } from "./map-body.ts";
import { readProtobufMetadata } from "./protobuf-item.ts";
import { fieldOf, trimFields } from "./protobuf-trim.ts";
import { bytesTag, Reader, readUnknown, unknownAround, view, walkFields } from "./protobuf.ts";

/** Of every list: its ListMeta (1) and its items (2); of ListMeta remainingItemCount (4). */
const listMetaField = 1;
const itemsField = 2;
const countField = 4;

/** `mapBody` of protobuf. */
export function mapProtobufBody(bytes: Uint8Array, map: ObjectMap): MappedBody {
  const { kind, apiVersion, raw } = readUnknown(bytes);
  if (kind === "Status") return { is: "status", bytes };
  const inEnvelope = (mapped: Uint8Array) => {
    if (mapped === raw) return bytes;
    const { head, tail } = unknownAround(apiVersion, kind, mapped.length);
    return concat([head, mapped, tail]);
  };
  if (kind.endsWith("List")) {
    const { list, isEmptied } = mapList(raw, map);
    return { is: "shown", bytes: inEnvelope(list), isEmptied };
  }
  const selectable = selectableOf(raw);
  const shown = map.shown({ selectable, bytes: raw, format: "protobuf" });
  if (shown === undefined) return { is: "hidden", selectable };
  return { is: "shown", bytes: inEnvelope(shown), isEmptied: false };
}

function mapList(raw: Uint8Array, map: ObjectMap) {
  const pieces: Uint8Array[] = [];
  let [shownCount, count] = [0, 0];
  const reader = Reader.create(raw);
  walkFields(reader, raw.length, (field) => {
    if (field !== listMetaField && field !== itemsField) return false;
    const value = view(raw, reader);
    if (field === listMetaField) {
      const told = map.mayHide ? trimFields(value, countField) : value;
      pieces.push(fieldOf(bytesTag(listMetaField), told));
      return true;
    }
    count++;
    const selectable = selectableOf(value);
    const shown = map.shown({ selectable, bytes: value, format: "protobuf" });
    if (shown === undefined) return true;
    shownCount++;
    pieces.push(fieldOf(bytesTag(itemsField), shown));
    return true;
  });
  return { list: concat(pieces), isEmptied: count > 0 && shownCount === 0 };
}

function selectableOf(bytes: Uint8Array) {
  const { namespace, name, labels = noLabels, uid } = readProtobufMetadata(bytes);
  const text = typeof uid === "string" ? uid : latin1(bytes, uid.start, uid.end);
  return { namespace, name, labels, fields: noFields, uid: text };
}
