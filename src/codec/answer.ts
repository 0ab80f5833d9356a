import type { Item, Labels } from "../api/item.ts";
import type { SelectableField } from "../api/selectable-fields.ts";
import { readJsonItem } from "./json-item.ts";
import { splitTypeMeta } from "./json-watch.ts";
import { decodeJson } from "./json.ts";
import { readProtobufItem } from "./protobuf-item.ts";
import { Reader, readUnknown, walkFields } from "./protobuf.ts";

/** What an apiserver's answer to a write, or to a GET, tells of the object. */
export type Answer =
  | { readonly is: "object"; readonly item: Item; readonly deletion: Deletion }
  | { readonly is: "status"; readonly uid: string; readonly name: string }
  | { readonly is: "unreadable" };

/** How far the object's deletion has come, by its own words. */
export interface Deletion {
  readonly hasTimestamp: boolean;
  readonly graceSeconds: number;
  readonly hasFinalizers: boolean;
}

/** Reads the decoded body of an answer by its Content-Type. Never throws: what is not understood is `unreadable`. */
export function readAnswer(
  bytes: Uint8Array,
  contentType: string,
  fields: readonly SelectableField[],
): Answer {
  try {
    if (contentType.startsWith("application/json")) return readJsonAnswer(bytes, fields);
    if (contentType.startsWith("application/vnd.kubernetes.protobuf"))
      return readProtobufAnswer(bytes, fields);
  } catch {
    // An answer in a form of its own: its object is looked up.
  }
  return { is: "unreadable" };
}

interface JsonObject {
  readonly kind?: string;
  readonly details?: { readonly uid?: string; readonly name?: string };
  readonly metadata?: {
    readonly deletionTimestamp?: string;
    readonly deletionGracePeriodSeconds?: number;
    readonly finalizers?: readonly string[];
    readonly labels?: Labels;
  };
  readonly spec?: { readonly finalizers?: readonly string[] };
}

function readJsonAnswer(bytes: Uint8Array, fields: readonly SelectableField[]): Answer {
  const object = decodeJson(bytes, { start: 0, end: bytes.length }) as JsonObject;
  if (object.kind === "Status")
    return { is: "status", uid: object.details?.uid ?? "", name: object.details?.name ?? "" };
  const { metadata } = object;
  const finalizers = [
    ...(metadata?.finalizers ?? []),
    ...(object.kind === "Namespace" ? (object.spec?.finalizers ?? []) : []),
  ];
  return {
    is: "object",
    item: readJsonItem(splitTypeMeta(bytes).bytes, fields),
    deletion: {
      hasTimestamp: metadata?.deletionTimestamp !== undefined,
      graceSeconds: metadata?.deletionGracePeriodSeconds ?? 0,
      hasFinalizers: finalizers.length > 0,
    },
  };
}

function readProtobufAnswer(bytes: Uint8Array, fields: readonly SelectableField[]): Answer {
  const { kind, raw } = readUnknown(bytes);
  if (kind === "Status") return readProtobufStatus(raw);
  const deletion = { hasTimestamp: false, graceSeconds: 0, hasFinalizers: false };
  const reader = Reader.create(raw);
  walkFields(reader, raw.length, (outer) => {
    // Of a Namespace, NamespaceSpec.finalizers too (core/v1 generated.proto).
    if (outer === 2 && kind === "Namespace") {
      walkFields(reader, reader.uint32() + reader.pos, (field) => {
        deletion.hasFinalizers ||= field === 1;
        return false;
      });
      return true;
    }
    if (outer !== 1) return false;
    // ObjectMeta: deletionTimestamp (9), deletionGracePeriodSeconds (10), finalizers (14).
    walkFields(reader, reader.uint32() + reader.pos, (field) => {
      if (field === 10) {
        deletion.graceSeconds = Number(reader.int64());
        return true;
      }
      deletion.hasTimestamp ||= field === 9;
      deletion.hasFinalizers ||= field === 14;
      return false;
    });
    return true;
  });
  return { is: "object", item: readProtobufItem(raw.slice(), fields), deletion };
}

/** metav1.Status: details (5), of them name (1) and uid (6). */
function readProtobufStatus(raw: Uint8Array): Answer {
  let uid = "";
  let name = "";
  const reader = Reader.create(raw);
  walkFields(reader, raw.length, (outer) => {
    if (outer !== 5) return false;
    walkFields(reader, reader.uint32() + reader.pos, (field) => {
      if (field === 1) name = reader.string();
      else if (field === 6) uid = reader.string();
      else return false;
      return true;
    });
    return true;
  });
  return { is: "status", uid, name };
}
