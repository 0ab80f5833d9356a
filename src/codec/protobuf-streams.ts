import {
  type Allocate,
  allocateOwn,
  copyTo,
  type ListEnvelope,
  type ListReader,
  type TypeForm,
  type WatchReader,
  type WireEvent,
} from "./codec.ts";
import { concat } from "./json-list.ts";
import {
  magic,
  MalformedProtobufError,
  Reader,
  readUnknown,
  view,
  walkFields,
} from "./protobuf.ts";

/** No Kubernetes object is as large (etcd's limit is 1.5 MiB); a longer length is a stream that has gone wrong. */
const maxMessageBytes = 64 << 20;

/** The bytes that have arrived and are not used yet. */
class Pending {
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;

  push(chunk: Uint8Array): void {
    this.bytes =
      this.at === this.bytes.length ? chunk : concat([this.bytes.subarray(this.at), chunk]);
    this.at = 0;
  }

  /** Keeps what is left in a buffer of its own, so that the chunk it came in can go. */
  settle(): void {
    this.bytes = this.bytes.slice(this.at);
    this.at = 0;
  }

  /** A varint of at most five bytes and the position after it, or undefined while it is not all there. */
  varint(from: number): { value: number; end: number } | undefined {
    let value = 0;
    for (let index = 0; index < 5; index++) {
      const byte = this.bytes[from + index];
      if (byte === undefined) return undefined;
      value += (byte & 0x7f) * 2 ** (7 * index);
      if (byte < 0x80) return { value, end: from + index + 1 };
    }
    throw new MalformedProtobufError("a length of more than five bytes");
  }

  /** The next length-delimited field, whole, or undefined while it is not all there. */
  field(): { number: number; value: Uint8Array } | undefined {
    const tag = this.varint(this.at);
    const length = tag && this.varint(tag.end);
    if (tag === undefined || length === undefined) return undefined;
    if ((tag.value & 7) !== 2) throw new MalformedProtobufError("no length-delimited field");
    if (length.value > maxMessageBytes) throw new MalformedProtobufError("a message too large");
    const end = length.end + length.value;
    if (end > this.bytes.length) return undefined;
    this.at = end;
    return { number: tag.value >> 3, value: this.bytes.subarray(length.end, end) };
  }
}

/** Reads a protobuf list as it arrives: the Unknown envelope, in it ListMeta (field 1) and the items (field 2). */
export class ProtobufListReader implements ListReader {
  readonly #allocate: Allocate;
  #pending = new Pending();
  #phase: "magic" | "type" | "length" | "items" | "tail" = "magic";
  #kind = "";
  #apiVersion = "";
  #left = 0;
  #meta: { resourceVersion: string; continue: string } = { resourceVersion: "", continue: "" };

  constructor(allocate: Allocate = allocateOwn) {
    this.#allocate = allocate;
  }

  push(chunk: Uint8Array): readonly Uint8Array[] {
    const items: Uint8Array[] = [];
    this.#pending.push(chunk);
    while (this.#step(items)) continue;
    this.#pending.settle();
    return items;
  }

  finish(): ListEnvelope {
    if (this.#phase !== "tail") throw new MalformedProtobufError("the list broke off");
    return {
      form: { kind: this.#kind, apiVersion: this.#apiVersion, style: "typed" },
      ...this.#meta,
    };
  }

  /** Takes one part of the list; false when more bytes are needed. */
  #step(items: Uint8Array[]): boolean {
    const pending = this.#pending;
    switch (this.#phase) {
      case "magic":
        if (pending.bytes.length < magic.length) return false;
        if (magic.some((byte, at) => pending.bytes[at] !== byte))
          throw new MalformedProtobufError("no k8s envelope");
        pending.at = magic.length;
        this.#phase = "type";
        return true;
      case "type": {
        const field = pending.field();
        if (field === undefined) return false;
        const type = readUnknown(
          concat([magic, Uint8Array.of(0x0a, field.value.length), field.value]),
        );
        this.#kind = type.kind;
        this.#apiVersion = type.apiVersion;
        this.#phase = "length";
        return true;
      }
      case "length": {
        const tag = pending.varint(pending.at);
        const length = tag && pending.varint(tag.end);
        if (tag === undefined || length === undefined) return false;
        if (tag.value !== 0x12) throw new MalformedProtobufError("no raw value");
        this.#left = length.value;
        pending.at = length.end;
        this.#phase = this.#left === 0 ? "tail" : "items";
        return true;
      }
      case "items":
        return this.#item(items);
      case "tail":
        return false;
    }
  }

  #item(items: Uint8Array[]): boolean {
    const before = this.#pending.at;
    const field = this.#pending.field();
    if (field === undefined) return false;
    this.#left -= this.#pending.at - before;
    if (field.number === 1) this.#meta = readListMeta(field.value);
    else if (field.number === 2) items.push(copyTo(this.#allocate, field.value));
    if (this.#left < 0) throw new MalformedProtobufError("an item runs past its list");
    if (this.#left === 0) this.#phase = "tail";
    return true;
  }
}

function readListMeta(bytes: Uint8Array): { resourceVersion: string; continue: string } {
  const meta = { resourceVersion: "", continue: "" };
  const reader = Reader.create(bytes);
  walkFields(reader, bytes.length, (field) => {
    if (field === 2) meta.resourceVersion = reader.string();
    else if (field === 3) meta.continue = reader.string();
    else return false;
    return true;
  });
  return meta;
}

/** Reads a protobuf watch stream: a length of four bytes, then a WatchEvent (apimachinery, framer of streaming serializers). */
export class ProtobufWatchReader implements WatchReader {
  readonly #allocate: Allocate;
  #pending = new Pending();

  constructor(allocate: Allocate = allocateOwn) {
    this.#allocate = allocate;
  }

  push(chunk: Uint8Array): readonly WireEvent[] {
    const events: WireEvent[] = [];
    const pending = this.#pending;
    pending.push(chunk);
    for (;;) {
      if (pending.at + 4 > pending.bytes.length) break;
      const { buffer, byteOffset } = pending.bytes;
      const length = new DataView(buffer, byteOffset + pending.at, 4).getUint32(0);
      if (length > maxMessageBytes) throw new MalformedProtobufError("a message too large");
      const start = pending.at + 4;
      if (start + length > pending.bytes.length) break;
      events.push(readEvent(pending.bytes.subarray(start, start + length), this.#allocate));
      pending.at = start + length;
    }
    pending.settle();
    return events;
  }
}

/** A WatchEvent without its length: type (1), and a RawExtension (2) whose raw bytes (1) are the object in its envelope, as a view. */
export function readWatchEvent(event: Uint8Array): {
  readonly type: string;
  readonly object: Uint8Array;
} {
  const reader = Reader.create(event);
  let type = "";
  let object: Uint8Array | undefined;
  walkFields(reader, event.length, (field) => {
    if (field === 1) type = reader.string();
    else if (field === 2) {
      walkFields(reader, reader.uint32() + reader.pos, (inner) => {
        if (inner !== 1) return false;
        object = view(event, reader);
        return true;
      });
    } else return false;
    return true;
  });
  if (object === undefined) throw new MalformedProtobufError("an event without object");
  return { type, object };
}

function readEvent(frame: Uint8Array, allocate: Allocate): WireEvent {
  const { type, object } = readWatchEvent(frame);
  const { kind, apiVersion, raw } = readUnknown(object);
  const form: TypeForm = { kind, apiVersion, style: "typed" };
  switch (type) {
    case "ADDED":
    case "MODIFIED":
    case "DELETED":
      return { type, form, bytes: copyTo(allocate, raw) };
    case "BOOKMARK":
      return { type, form, ...readBookmark(raw) };
    case "ERROR":
      return { type, ...readStatus(raw) };
  }
  throw new MalformedProtobufError(`an event of type ${type}`);
}

/** Of a bookmark's ObjectMeta: the resourceVersion (6), and among the annotations (12) the end of the initial events. */
function readBookmark(raw: Uint8Array): { resourceVersion: string; initialEventsEnd: boolean } {
  let resourceVersion = "";
  let initialEventsEnd = false;
  const reader = Reader.create(raw);
  walkFields(reader, raw.length, (outer) => {
    if (outer !== 1) return false;
    walkFields(reader, reader.uint32() + reader.pos, (field) => {
      if (field === 6) resourceVersion = reader.string();
      else if (field === 12) {
        const entry = view(raw, reader);
        initialEventsEnd ||= Buffer.from(entry).includes("k8s.io/initial-events-end");
      } else return false;
      return true;
    });
    return true;
  });
  return { resourceVersion, initialEventsEnd };
}

/** metav1.Status: message (3) and code (6). */
function readStatus(raw: Uint8Array): { code: number; message: string } {
  const status = { code: 500, message: "" };
  const reader = Reader.create(raw);
  walkFields(reader, raw.length, (field) => {
    if (field === 3) status.message = reader.string();
    else if (field === 6) status.code = reader.int32();
    else return false;
    return true;
  });
  return status;
}
