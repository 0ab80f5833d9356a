/** The only protobufjs import: Kubernetes' envelopes and the few fields that select an object (apimachinery, generated.proto). */
import { Reader, Writer } from "protobufjs/minimal.js";

export { Reader, Writer };

/** What begins every object of its own: `k8s` and a zero byte (apimachinery, serializer/protobuf). */
export const magic: Uint8Array = Uint8Array.of(0x6b, 0x38, 0x73, 0x00);

/** The bytes are not the protobuf that an apiserver writes; nothing of them is used. */
export class MalformedProtobufError extends Error {
  constructor(what: string) {
    super(`malformed protobuf: ${what}`);
    this.name = "MalformedProtobufError";
  }
}

/** The tag of a length-delimited field. */
export function bytesTag(field: number): number {
  return (field << 3) | 2;
}

/**
 * Calls `visit` for each field of the message, the reader at its value; `visit` answers whether it has read it,
 * and what it has not is stepped over.
 */
export function walkFields(
  reader: Reader,
  end: number,
  visit: (field: number, reader: Reader) => boolean,
): void {
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (!visit(tag >>> 3, reader)) reader.skipType(tag & 7);
  }
  if (reader.pos !== end) throw new MalformedProtobufError("a field runs past its message");
}

/** runtime.Unknown: what kind of object, and its bytes. */
export interface Unknown {
  readonly apiVersion: string;
  readonly kind: string;
  readonly raw: Uint8Array;
}

/** Reads the envelope with its magic bytes. The raw bytes are a view. */
export function readUnknown(bytes: Uint8Array): Unknown {
  for (let at = 0; at < magic.length; at++) {
    if (bytes[at] !== magic[at]) throw new MalformedProtobufError("no k8s envelope");
  }
  const reader = Reader.create(bytes);
  reader.pos = magic.length;
  let apiVersion = "";
  let kind = "";
  let raw = new Uint8Array(0) as Uint8Array;
  walkFields(reader, bytes.length, (field) => {
    if (field === 1) {
      const end = reader.uint32() + reader.pos;
      walkFields(reader, end, (inner) => {
        if (inner === 1) apiVersion = reader.string();
        else if (inner === 2) kind = reader.string();
        else return false;
        return true;
      });
    } else if (field === 2) raw = view(bytes, reader);
    else return false;
    return true;
  });
  return { apiVersion, kind, raw };
}

/** A length-delimited value as a view of the bytes. */
export function view(bytes: Uint8Array, reader: Reader): Uint8Array {
  const length = reader.uint32();
  const start = reader.pos;
  if (start + length > bytes.length) throw new MalformedProtobufError("a value runs past the end");
  reader.pos = start + length;
  return bytes.subarray(start, start + length);
}

/** The bytes before the raw value, and after it (contentEncoding and contentType, empty, which gogo always writes). */
export function unknownAround(
  apiVersion: string,
  kind: string,
  rawLength: number,
): { head: Uint8Array; tail: Uint8Array } {
  const typeMeta = Writer.create();
  typeMeta.uint32(bytesTag(1)).string(apiVersion).uint32(bytesTag(2)).string(kind);
  const head = Writer.create();
  head.uint32(bytesTag(1)).bytes(typeMeta.finish()).uint32(bytesTag(2)).uint32(rawLength);
  const fields = head.finish();
  const whole = new Uint8Array(magic.length + fields.length);
  whole.set(magic);
  whole.set(fields, magic.length);
  return { head: whole, tail: Uint8Array.of(0x1a, 0x00, 0x22, 0x00) };
}
