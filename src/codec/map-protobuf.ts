import { noFields, noLabels } from "../api/item.ts";
import { concat } from "./json-list.ts";
import { latin1 } from "./json.ts";
import type { MappedBody, ObjectMap } from "./map-body.ts";
import { readProtobufMetadata } from "./protobuf-item.ts";
import { fieldOf, trimMessage } from "./protobuf-trim.ts";
import { bytesTag, Reader, readUnknown, unknownAround, view, walkFields } from "./protobuf.ts";

/** Of every list, and of a Status: its ListMeta (1); of a list its items (2); of ListMeta continue (3), remainingItemCount (4). */
const listMetaField = 1;
const itemsField = 2;
const tokenField = 3;
const countField = 4;

/** `mapBody` of protobuf. */
export function mapProtobufBody(bytes: Uint8Array, map: ObjectMap): MappedBody {
  const { kind, apiVersion, raw } = readUnknown(bytes);
  const inEnvelope = (mapped: Uint8Array) => {
    if (mapped === raw) return bytes;
    const { head, tail } = unknownAround(apiVersion, kind, mapped.length);
    return concat([head, mapped, tail]);
  };
  if (kind === "Status") {
    const status = trimMessage(raw, (field) =>
      field === listMetaField ? (meta) => shownMeta(meta, map) : "same",
    );
    return { is: "status", bytes: inEnvelope(status) };
  }
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
      pieces.push(fieldOf(bytesTag(listMetaField), shownMeta(value, map)));
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

/** ListMeta without the count of what may not be shown, and with its token as it is shown. */
function shownMeta(meta: Uint8Array, { mayHide, continueAs }: ObjectMap): Uint8Array {
  return trimMessage(meta, (field) => {
    if (field === countField && mayHide) return "gone";
    if (field !== tokenField || continueAs === undefined) return "same";
    return (token) =>
      token.length === 0
        ? token
        : new TextEncoder().encode(continueAs(latin1(token, 0, token.length)));
  });
}

function selectableOf(bytes: Uint8Array) {
  const { namespace, name, labels = noLabels, uid } = readProtobufMetadata(bytes);
  const text = typeof uid === "string" ? uid : latin1(bytes, uid.start, uid.end);
  return { namespace, name, labels, fields: noFields, uid: text };
}
