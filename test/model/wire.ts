import type { Loose } from "../../src/testing/contract-client.ts";
import type { Format } from "./moves.ts";

/** An object as an answer shows it; in protobuf its metadata only is read. */
export interface SeenObject {
  readonly key: string;
  readonly uid: string;
  readonly revision: number;
  /** All of it, in JSON; undefined in protobuf. */
  readonly object: Loose;
}

export interface SeenList {
  readonly revision: number;
  readonly continue: string;
  readonly remaining: number | undefined;
  readonly items: readonly SeenObject[];
}

export interface SeenEvent {
  readonly type: string;
  readonly revision: number;
  readonly isInitialEnd: boolean;
  /** Of an ERROR. */
  readonly code: number;
  readonly seen: SeenObject | undefined;
}

export const mediaType: Record<Format, string> = {
  json: "application/json",
  protobuf: "application/vnd.kubernetes.protobuf",
};

export function readListBody(format: Format, body: Uint8Array): SeenList {
  if (format === "protobuf") return protobufList(body);
  const { metadata, items } = JSON.parse(Buffer.from(body).toString());
  return {
    revision: Number(metadata.resourceVersion),
    continue: metadata.continue ?? "",
    remaining: metadata.remainingItemCount,
    items: items.map(jsonObject),
  };
}

export function readObjectBody(format: Format, body: Uint8Array): SeenObject {
  return format === "protobuf"
    ? protobufObject(unwrap(body))
    : jsonObject(JSON.parse(Buffer.from(body).toString()));
}

function jsonObject(object: Loose): SeenObject {
  const { namespace, name, uid, resourceVersion } = object.metadata;
  const key = namespace === undefined ? name : `${namespace}/${name}`;
  return { key, uid, revision: Number(resourceVersion), object };
}

/** Cuts a watch's bytes into events; what is left over is an event that has not come whole. */
export class EventReader {
  readonly #format: Format;
  #rest = Buffer.alloc(0);

  constructor(format: Format) {
    this.#format = format;
  }

  push(chunk: Uint8Array): SeenEvent[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const events: SeenEvent[] = [];
    for (;;) {
      const event = this.#format === "json" ? this.#line() : this.#frame();
      if (event === undefined) return events;
      events.push(event);
    }
  }

  /** Bytes of an event that has no end; padding is none. */
  get leftOver(): string {
    return this.#rest.toString().trim();
  }

  #line(): SeenEvent | undefined {
    const end = this.#rest.indexOf(10);
    if (end < 0) return undefined;
    const { type, object } = JSON.parse(this.#rest.subarray(0, end).toString());
    this.#rest = this.#rest.subarray(end + 1);
    const { annotations, resourceVersion } = object.metadata;
    const isObject = type !== "ERROR" && type !== "BOOKMARK";
    return {
      type,
      revision: Number(resourceVersion),
      isInitialEnd: annotations?.["k8s.io/initial-events-end"] === "true" && type === "BOOKMARK",
      code: object.code ?? 0,
      seen: isObject ? jsonObject(object) : undefined,
    };
  }

  #frame(): SeenEvent | undefined {
    if (this.#rest.length < 4) return undefined;
    const length = this.#rest.readUInt32BE();
    if (this.#rest.length < 4 + length) return undefined;
    const event = fields(this.#rest.subarray(4, 4 + length));
    this.#rest = this.#rest.subarray(4 + length);
    const type = text(event, 1);
    const raw = unwrap(bytes(fields(bytes(event, 2)), 1));
    if (type === "ERROR")
      return {
        type,
        revision: 0,
        isInitialEnd: false,
        code: number(fields(raw), 6),
        seen: undefined,
      };
    const seen = protobufObject(raw);
    const annotations = Buffer.from(bytes(fields(raw), 1)).toString("latin1");
    const isInitialEnd = type === "BOOKMARK" && annotations.includes("k8s.io/initial-events-end");
    return {
      type,
      revision: seen.revision,
      isInitialEnd,
      code: 0,
      seen: type === "BOOKMARK" ? undefined : seen,
    };
  }
}

type Fields = readonly { readonly field: number; readonly value: number | Uint8Array }[];

/** A message's fields, one level deep. */
function fields(message: Uint8Array): Fields {
  const found: { field: number; value: number | Uint8Array }[] = [];
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at++];
      if (byte === undefined) throw new Error("a protobuf message is cut short");
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const value = varint();
    if (tag % 8 === 0) found.push({ field: tag >>> 3, value });
    else if (tag % 8 === 2) {
      if (at + value > message.length) throw new Error("a protobuf field is cut short");
      found.push({ field: tag >>> 3, value: message.subarray(at, at + value) });
      at += value;
    } else throw new Error(`a protobuf field of wire type ${tag % 8}`);
  }
  return found;
}

function bytes(from: Fields, field: number): Uint8Array {
  const value = from.find((each) => each.field === field)?.value;
  return value instanceof Uint8Array ? value : new Uint8Array();
}

function text(from: Fields, field: number): string {
  return Buffer.from(bytes(from, field)).toString();
}

function number(from: Fields, field: number): number {
  const value = from.find((each) => each.field === field)?.value;
  return typeof value === "number" ? value : 0;
}

/** The message in a `k8s\0` envelope. */
function unwrap(envelope: Uint8Array): Uint8Array {
  if (Buffer.from(envelope.subarray(0, 4)).toString() !== "k8s\0")
    throw new Error("no protobuf envelope");
  return bytes(fields(envelope.subarray(4)), 2);
}

function protobufObject(message: Uint8Array): SeenObject {
  const metadata = fields(bytes(fields(message), 1));
  const [namespace, name] = [text(metadata, 3), text(metadata, 1)];
  const key = namespace === "" ? name : `${namespace}/${name}`;
  return { key, uid: text(metadata, 5), revision: Number(text(metadata, 6)), object: undefined };
}

function protobufList(body: Uint8Array): SeenList {
  const list = fields(unwrap(body));
  const metadata = fields(bytes(list, 1));
  const remaining = metadata.find(({ field }) => field === 4)?.value;
  return {
    revision: Number(text(metadata, 2)),
    continue: text(metadata, 3),
    remaining: typeof remaining === "number" ? remaining : undefined,
    items: list
      .filter(({ field }) => field === 2)
      .map(({ value }) => protobufObject(value as Uint8Array)),
  };
}
