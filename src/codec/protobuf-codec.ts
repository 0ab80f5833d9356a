import type { Item } from "../api/item.ts";
import type { ResourceVersion } from "../api/resource-version.ts";
import type { Codec, ListBody, ListForm, ListMeta, TypeForm } from "./codec.ts";
import { concat } from "./json-list.ts";
import { readProtobufItem } from "./protobuf-item.ts";
import { encodeStatus } from "./protobuf-status.ts";
import { ProtobufListReader, ProtobufWatchReader } from "./protobuf-streams.ts";
import { trimProtobuf } from "./protobuf-trim.ts";
import { bytesTag, MalformedProtobufError, Reader, unknownAround, Writer } from "./protobuf.ts";

/** Kubernetes objects as protobuf, byte for byte as an apiserver writes them. Only typed resources have it. */
export const protobufCodec: Codec = {
  format: "protobuf",
  listReader: (allocate) => new ProtobufListReader(allocate),
  watchReader: (allocate) => new ProtobufWatchReader(allocate),
  readItem: readProtobufItem,
  list,
  object: unknown,
  event: (type, form, bytes) => frame(type, unknown(form, bytes)),
  bookmark: (form, resourceVersion, initialEventsEnd) =>
    frame("BOOKMARK", unknown(form, bookmarkObject(resourceVersion, initialEventsEnd))),
  error: (status) =>
    frame("ERROR", unknown({ kind: "Status", apiVersion: "v1" }, encodeStatus(status))),
  withResourceVersion,
  trim: trimProtobuf,
};

/** An object in its envelope, as GET answers it. */
function unknown(form: Pick<TypeForm, "kind" | "apiVersion">, bytes: Uint8Array): Uint8Array {
  const { head, tail } = unknownAround(form.apiVersion, form.kind, bytes.length);
  return concat([head, bytes, tail]);
}

/** A WatchEvent behind its length: type (1), and the object, in its envelope, as a RawExtension (2) whose raw bytes are field 1. */
export function frame(type: string, object: Uint8Array): Uint8Array {
  const extension = Writer.create();
  extension.uint32(bytesTag(1)).uint32(object.length);
  const extensionHead = extension.finish();
  const event = Writer.create();
  event.uint32(bytesTag(1)).string(type);
  event.uint32(bytesTag(2)).uint32(extensionHead.length + object.length);
  const eventHead = event.finish();
  const length = eventHead.length + extensionHead.length + object.length;
  const prefix = new Uint8Array(4);
  new DataView(prefix.buffer).setUint32(0, length);
  return concat([prefix, eventHead, extensionHead, object]);
}

/** The fields of ObjectMeta that gogo writes although they are empty, in its order (meta/v1 generated.pb.go). */
function bookmarkObject(resourceVersion: string, initialEventsEnd: boolean): Uint8Array {
  const metadata = Writer.create();
  for (const field of [1, 2, 3, 4, 5]) metadata.uint32(bytesTag(field)).string("");
  metadata.uint32(bytesTag(6)).string(resourceVersion);
  metadata.uint32(7 << 3).int32(0);
  metadata.uint32(bytesTag(8)).bytes(new Uint8Array(0));
  if (initialEventsEnd) {
    const entry = Writer.create();
    entry.uint32(bytesTag(1)).string("k8s.io/initial-events-end");
    entry.uint32(bytesTag(2)).string("true");
    metadata.uint32(bytesTag(12)).bytes(entry.finish());
  }
  const object = Writer.create();
  object.uint32(bytesTag(1)).bytes(metadata.finish());
  return object.finish();
}

function list(form: ListForm, meta: ListMeta, items: readonly Pick<Item, "bytes">[]): ListBody {
  const listMeta = encodeListMeta(meta);
  let rawLength = listMeta.length;
  for (const { bytes } of items) rawLength += 1 + varintLength(bytes.length) + bytes.length;
  const { head, tail } = unknownAround(form.apiVersion, form.kind, rawLength);
  return {
    byteLength: head.length + rawLength + tail.length,
    pieces: listPieces(concat([head, listMeta]), items, tail),
  };
}

function* listPieces(
  head: Uint8Array,
  items: readonly Pick<Item, "bytes">[],
  tail: Uint8Array,
): Iterable<Uint8Array> {
  yield head;
  for (const { bytes } of items) {
    yield itemHead(bytes.length);
    yield bytes;
  }
  yield tail;
}

function itemHead(byteLength: number): Uint8Array {
  const head = new Uint8Array(1 + varintLength(byteLength));
  head[0] = bytesTag(2);
  let rest = byteLength;
  let at = 1;
  while (rest > 0x7f) {
    head[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  head[at] = rest;
  return head;
}

function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest > 0x7f; rest >>>= 7) length++;
  return length;
}

function encodeListMeta(meta: ListMeta): Uint8Array {
  const body = Writer.create();
  body.uint32(bytesTag(1)).string("");
  body.uint32(bytesTag(2)).string(meta.resourceVersion);
  body.uint32(bytesTag(3)).string(meta.continue);
  if (meta.remainingItemCount !== undefined) body.uint32(4 << 3).int64(meta.remainingItemCount);
  const writer = Writer.create();
  writer.uint32(bytesTag(1)).bytes(body.finish());
  return writer.finish();
}

function withResourceVersion(bytes: Uint8Array, resourceVersion: ResourceVersion): Uint8Array {
  const reader = Reader.create(bytes);
  if (reader.uint32() !== bytesTag(1)) throw new MalformedProtobufError("metadata is not first");
  const length = reader.uint32();
  const start = reader.pos;
  const version = versionRange(reader, start + length);
  const text = Writer.create();
  text.uint32(bytesTag(6)).string(resourceVersion);
  const metadata = concat([
    bytes.subarray(start, version.start),
    text.finish(),
    bytes.subarray(version.end, start + length),
  ]);
  const head = Writer.create();
  head.uint32(bytesTag(1)).uint32(metadata.length);
  return concat([head.finish(), metadata, bytes.subarray(start + length)]);
}

/** Where field 6 of ObjectMeta lies, its tag included. */
function versionRange(reader: Reader, end: number): { start: number; end: number } {
  while (reader.pos < end) {
    const start = reader.pos;
    const tag = reader.uint32();
    reader.skipType(tag & 7);
    if (tag === bytesTag(6)) return { start, end: reader.pos };
  }
  throw new MalformedProtobufError("an object without resourceVersion");
}
