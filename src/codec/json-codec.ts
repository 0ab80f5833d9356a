import type { Item } from "../api/item.ts";
import type { ResourceVersion } from "../api/resource-version.ts";
import { formatStatus } from "../api/status.ts";
import type { Codec, ListBody, ListForm, ListMeta, TypeForm } from "./codec.ts";
import { readJsonItem } from "./json-item.ts";
import { concat, JsonListReader } from "./json-list.ts";
import { trimJson } from "./json-trim.ts";
import { JsonWatchReader } from "./json-watch.ts";
import { findMember, MalformedJsonError } from "./json.ts";

const encoder = new TextEncoder();
const newline = encoder.encode("\n");
const comma = encoder.encode(",");

/** Kubernetes objects as JSON, byte for byte as an apiserver writes them. */
export const jsonCodec: Codec = {
  format: "json",
  listReader: (allocate) => new JsonListReader(allocate),
  watchReader: (allocate) => new JsonWatchReader(allocate),
  readItem: readJsonItem,
  list,
  object: (form, bytes) => concat([...objectParts(form, bytes), newline]),
  event: (type, form, bytes) =>
    concat([
      encoder.encode(`{"type":"${type}","object":`),
      ...objectParts(form, bytes),
      encoder.encode("}\n"),
    ]),
  bookmark: (form, resourceVersion, initialEventsEnd) =>
    encoder.encode(
      `{"type":"BOOKMARK","object":${bookmarkObject(form, resourceVersion, initialEventsEnd)}}\n`,
    ),
  error: (status) => encoder.encode(`{"type":"ERROR","object":${formatStatus(status)}}\n`),
  withResourceVersion,
  trim: trimJson,
};

function typeMeta(form: TypeForm): string {
  return form.style === "typed"
    ? `"kind":${JSON.stringify(form.kind)},"apiVersion":${JSON.stringify(form.apiVersion)}`
    : `"apiVersion":${JSON.stringify(form.apiVersion)},"kind":${JSON.stringify(form.kind)}`;
}

/** In list form a typed object lacks its first two members; an unstructured one is whole. */
function objectParts(form: TypeForm, bytes: Uint8Array): readonly Uint8Array[] {
  if (form.style === "unstructured") return [bytes];
  return [encoder.encode(`{${typeMeta(form)},`), bytes.subarray(1)];
}

function bookmarkObject(
  form: TypeForm,
  resourceVersion: string,
  initialEventsEnd: boolean,
): string {
  const annotations = '"annotations":{"k8s.io/initial-events-end":"true"}';
  const version = `"resourceVersion":"${resourceVersion}"`;
  if (form.style === "typed")
    return `{${typeMeta(form)},"metadata":{${version}${initialEventsEnd ? `,${annotations}` : ""}}}`;
  return `{${typeMeta(form)},"metadata":{${initialEventsEnd ? `${annotations},` : ""}${version}}}`;
}

function list(form: ListForm, meta: ListMeta, items: readonly Pick<Item, "bytes">[]): ListBody {
  const { head, tail } = form.style === "typed" ? typedList(form, meta) : untypedList(form, meta);
  const headBytes = encoder.encode(head);
  const tailBytes = encoder.encode(tail);
  let byteLength = headBytes.length + tailBytes.length + Math.max(0, items.length - 1);
  for (const item of items) byteLength += item.bytes.length;
  return { byteLength, pieces: listPieces(headBytes, items, tailBytes) };
}

function* listPieces(
  head: Uint8Array,
  items: readonly Pick<Item, "bytes">[],
  tail: Uint8Array,
): Iterable<Uint8Array> {
  yield head;
  let first = true;
  for (const { bytes } of items) {
    if (!first) yield comma;
    first = false;
    yield bytes;
  }
  yield tail;
}

function typedList(form: ListForm, meta: ListMeta): { head: string; tail: string } {
  const members = [`"resourceVersion":"${meta.resourceVersion}"`];
  if (meta.continue !== "") members.push(`"continue":"${meta.continue}"`);
  if (meta.remainingItemCount !== undefined)
    members.push(`"remainingItemCount":${meta.remainingItemCount}`);
  return { head: `{${typeMeta(form)},"metadata":{${members.join(",")}},"items":[`, tail: "]}\n" };
}

function untypedList(form: ListForm, meta: ListMeta): { head: string; tail: string } {
  const members = [`"continue":"${meta.continue}"`];
  if (meta.remainingItemCount !== undefined)
    members.push(`"remainingItemCount":${meta.remainingItemCount}`);
  members.push(`"resourceVersion":"${meta.resourceVersion}"`);
  return {
    head: `{"apiVersion":${JSON.stringify(form.apiVersion)},"items":[`,
    tail: `],"kind":${JSON.stringify(form.kind)},"metadata":{${members.join(",")}}}\n`,
  };
}

function withResourceVersion(bytes: Uint8Array, resourceVersion: ResourceVersion): Uint8Array {
  const metadata = findMember(bytes, 0, "metadata");
  const version =
    metadata === undefined ? undefined : findMember(bytes, metadata.start, "resourceVersion");
  if (version === undefined) throw new MalformedJsonError("an object without resourceVersion", 0);
  return concat([
    bytes.subarray(0, version.start),
    encoder.encode(`"${resourceVersion}"`),
    bytes.subarray(version.end),
  ]);
}
