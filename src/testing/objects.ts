import type { Item } from "../api/item.ts";
import type { ChangeEvent } from "../api/watch-event.ts";
import type { Codec, TypeForm } from "../codec/codec.ts";
import { jsonCodec } from "../codec/json-codec.ts";
import { concat } from "../codec/json-list.ts";
import { protobufCodec } from "../codec/protobuf-codec.ts";
import { bytesTag, Writer } from "../codec/protobuf.ts";

/** What a test says of an object; the rest is made up. */
export interface ObjectSpec {
  readonly name: string;
  readonly namespace?: string;
  readonly resourceVersion?: string;
  readonly uid?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export const configMapForm: TypeForm = { kind: "ConfigMap", apiVersion: "v1", style: "typed" };

/** A ConfigMap's bytes in list form. */
export function configMapBytes(codec: Codec, spec: ObjectSpec): Uint8Array {
  const { name, namespace = "default", resourceVersion = "1", uid = `uid-${name}` } = spec;
  if (codec.format === "json") {
    const metadata = { name, namespace, uid, resourceVersion, labels: spec.labels };
    return new TextEncoder().encode(JSON.stringify({ metadata, data: { text: `a "${name}" {` } }));
  }
  const meta = Writer.create();
  meta.uint32(bytesTag(1)).string(name).uint32(bytesTag(2)).string("");
  meta.uint32(bytesTag(3)).string(namespace).uint32(bytesTag(5)).string(uid);
  meta.uint32(bytesTag(6)).string(resourceVersion);
  for (const [key, value] of Object.entries(spec.labels ?? {})) {
    const entry = Writer.create().uint32(bytesTag(1)).string(key).uint32(bytesTag(2)).string(value);
    meta.uint32(bytesTag(11)).bytes(entry.finish());
  }
  return Writer.create().uint32(bytesTag(1)).bytes(meta.finish()).finish();
}

/** The same as an item. */
export function configMap(spec: ObjectSpec, codec: Codec = jsonCodec): Item {
  return codec.readItem(configMapBytes(codec, spec), []);
}

/** All that an item says, whatever it is kept as. */
export function plain(item: Item): Omit<Item, "withBytes"> {
  const { key, namespace, name, resourceVersion, uid, labels, fields, bytes } = item;
  return { key, namespace, name, resourceVersion, uid, labels, fields, bytes };
}

/** A change with what its items say. */
export function plainEvent({ type, item, previous }: ChangeEvent) {
  return { type, item: plain(item), previous: previous && plain(previous) };
}

/** Bytes in pieces of this length. */
export function inPieces(bytes: Uint8Array, length: number): readonly Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += length) pieces.push(bytes.slice(at, at + length));
  return pieces;
}

export { concat, jsonCodec, protobufCodec };
