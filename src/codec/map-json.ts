import { noFields } from "../api/item.ts";
import { readJsonMetadata } from "./json-item.ts";
import { concat } from "./json-list.ts";
import { trimJson } from "./json-trim.ts";
import {
  decodeString,
  findMember,
  latin1,
  MalformedJsonError,
  type Range,
  walkArray,
} from "./json.ts";
import type { MappedBody, ObjectMap } from "./map-body.ts";
import { trimOf } from "./trim.ts";

const comma = Uint8Array.of(0x2c);
const openBracket = 0x5b;

const withoutCount = trimOf("all but these", "metadata.remainingItemCount");
const withoutObject = trimOf("all but these", "object");

/** `mapBody` of JSON: all that is not an object stays byte for byte, but `remainingItemCount`. */
export function mapJsonBody(bytes: Uint8Array, map: ObjectMap): MappedBody {
  const kind = findMember(bytes, 0, "kind");
  const name = kind === undefined ? "" : decodeString(bytes, kind);
  if (name === "Status") return { is: "status", bytes: withToken(bytes, map) };
  if (name === "Table" && !map.takesTables)
    throw new MalformedJsonError("a Table, whose cells may say what is left out", 0);
  if (name === "Table") return mapArray(bytes, "rows", map, mapRow);
  const items = name.endsWith("List") ? findMember(bytes, 0, "items") : undefined;
  if (items !== undefined) return mapArray(bytes, "items", map, mapObject);
  if (name === "") throw new MalformedJsonError("an object without kind", 0);
  const shown = mapObject(bytes, map);
  if (shown !== undefined) return { is: "shown", bytes: shown, isEmptied: false };
  return { is: "hidden", selectable: selectableOf(bytes) };
}

function mapArray(
  bytes: Uint8Array,
  member: string,
  map: ObjectMap,
  mapElement: (element: Uint8Array, map: ObjectMap) => Uint8Array | undefined,
): MappedBody {
  const array = findMember(bytes, 0, member);
  const isNull = array !== undefined && latin1(bytes, array.start, array.end) === "null";
  if (array === undefined || isNull)
    return { is: "shown", bytes: withToken(bytes, map), isEmptied: false };
  if (bytes[array.start] !== openBracket) throw new MalformedJsonError("no array", array.start);
  const { pieces, count } = mappedElements(bytes, array, (element) => mapElement(element, map));
  const whole = concat([
    bytes.subarray(0, array.start + 1),
    ...pieces,
    bytes.subarray(array.end - 1),
  ]);
  const told = map.mayHide ? trimJson(whole, withoutCount) : whole;
  return { is: "shown", bytes: withToken(told, map), isEmptied: count > 0 && pieces.length === 0 };
}

/** The body with the token of its `metadata` as it is shown. */
function withToken(bytes: Uint8Array, { continueAs }: ObjectMap): Uint8Array {
  const metadata = continueAs && findMember(bytes, 0, "metadata");
  const range = metadata && findMember(bytes, metadata.start, "continue");
  const token = range === undefined ? "" : decodeString(bytes, range);
  if (continueAs === undefined || range === undefined || token === "") return bytes;
  const shown = new TextEncoder().encode(JSON.stringify(continueAs(token)));
  return concat([bytes.subarray(0, range.start), shown, bytes.subarray(range.end)]);
}

function mappedElements(
  bytes: Uint8Array,
  array: Range,
  mapElement: (element: Uint8Array) => Uint8Array | undefined,
): { readonly pieces: readonly Uint8Array[]; readonly count: number } {
  const pieces: Uint8Array[] = [];
  let count = 0;
  walkArray(bytes, array.start, ({ start, end }) => {
    count++;
    const mapped = mapElement(bytes.subarray(start, end));
    if (mapped === undefined) return;
    if (pieces.length > 0) pieces.push(comma);
    pieces.push(mapped);
  });
  return { pieces, count };
}

function mapObject(bytes: Uint8Array, map: ObjectMap): Uint8Array | undefined {
  return map.shown({ selectable: selectableOf(bytes), bytes, format: "json" });
}

/** A row without an object shows cells only, and cannot be told from those that are not shown. */
function mapRow(row: Uint8Array, map: ObjectMap): Uint8Array | undefined {
  const object = findMember(row, 0, "object");
  if (object === undefined || latin1(row, object.start, object.end) === "null") {
    if (map.mayHide) throw new MalformedJsonError("a row without object", 0);
    return row;
  }
  const bytes = row.subarray(object.start, object.end);
  const shown = mapObject(bytes, map);
  if (shown === undefined) return undefined;
  if (map.stripsRows) return trimJson(row, withoutObject);
  if (shown === bytes) return row;
  return concat([row.subarray(0, object.start), shown, row.subarray(object.end)]);
}

function selectableOf(bytes: Uint8Array) {
  const { namespace, name, labels, uid } = readJsonMetadata(bytes);
  const text = typeof uid === "string" ? uid : latin1(bytes, uid.start, uid.end);
  return { namespace, name, labels, fields: noFields, uid: text };
}
