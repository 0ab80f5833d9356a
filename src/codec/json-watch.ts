import {
  type Allocate,
  allocateOwn,
  copyTo,
  type TypeForm,
  type WatchReader,
  type WireEvent,
} from "./codec.ts";
import { concat } from "./json-list.ts";
import {
  decodeJson,
  decodeString,
  findMember,
  MalformedJsonError,
  type Range,
  walkObject,
} from "./json.ts";

const newline = 0x0a;

/** An event is one line. A line longer than this is no Kubernetes object (etcd's limit is 1.5 MiB) and is refused. */
const maxLineBytes = 64 << 20;

/** Reads a JSON watch stream: an object a line (apimachinery, pkg/runtime/serializer/json framer). */
export class JsonWatchReader implements WatchReader {
  readonly #allocate: Allocate;
  #pieces: Uint8Array[] = [];
  #pending = 0;

  constructor(allocate: Allocate = allocateOwn) {
    this.#allocate = allocate;
  }

  push(chunk: Uint8Array): readonly WireEvent[] {
    const events: WireEvent[] = [];
    let from = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, from)) {
      const line = this.#line(chunk.subarray(from, end));
      if (line.length > 0) events.push(readEvent(line, this.#allocate));
      from = end + 1;
    }
    if (from < chunk.length) {
      this.#pieces.push(chunk.slice(from));
      this.#pending += chunk.length - from;
      if (this.#pending > maxLineBytes) throw new MalformedJsonError("a line without end", 0);
    }
    return events;
  }

  #line(rest: Uint8Array): Uint8Array {
    if (this.#pieces.length === 0) return rest;
    this.#pieces.push(rest);
    const whole = concat(this.#pieces);
    this.#pieces = [];
    this.#pending = 0;
    return whole;
  }
}

/** Of a line of a watch stream what it says, and the object as a view. Throws where it is no event. */
export function readWatchLine(line: Uint8Array): {
  readonly type: string;
  readonly object: Uint8Array;
} {
  let type: string | undefined;
  let object: Range | undefined;
  walkObject(line, 0, (key, value) => {
    if (key === "type") type = decodeString(line, value);
    else if (key === "object") object = value;
    return "on";
  });
  if (type === undefined || object === undefined)
    throw new MalformedJsonError("an event without type or object", 0);
  return { type, object: line.subarray(object.start, object.end) };
}

function readEvent(line: Uint8Array, allocate: Allocate): WireEvent {
  const { type, object: bytes } = readWatchLine(line);
  switch (type) {
    case "ADDED":
    case "MODIFIED":
    case "DELETED":
      return { type, ...splitTypeMeta(bytes, allocate) };
    case "BOOKMARK":
      return { type, form: splitTypeMeta(bytes).form, ...readBookmark(bytes) };
    case "ERROR":
      return { type, ...readStatus(bytes) };
  }
  throw new MalformedJsonError(`an event of type ${type}`, 0);
}

/** An object as GET and WATCH write it, taken apart: how its type is written, and its bytes in list form (a copy). */
export function splitTypeMeta(
  object: Uint8Array,
  allocate: Allocate = allocateOwn,
): { form: TypeForm; bytes: Uint8Array } {
  let kind = "";
  let apiVersion = "";
  let first: string | undefined;
  let metaEnd = 0;
  walkObject(object, 0, (key, value) => {
    first ??= key;
    if (key === "kind") kind = decodeString(object, value);
    else if (key === "apiVersion") apiVersion = decodeString(object, value);
    else return "on";
    metaEnd = value.end;
    return kind === "" || apiVersion === "" ? "on" : "enough";
  });
  if (kind === "" || apiVersion === "") throw new MalformedJsonError("an object without kind", 0);
  if (first !== "kind")
    return { form: { kind, apiVersion, style: "unstructured" }, bytes: copyTo(allocate, object) };
  return {
    form: { kind, apiVersion, style: "typed" },
    bytes: withoutPrefix(object, metaEnd, allocate),
  };
}

function withoutPrefix(object: Uint8Array, metaEnd: number, allocate: Allocate): Uint8Array {
  const from = object[metaEnd] === 0x2c ? metaEnd + 1 : metaEnd;
  const bytes = allocate(object.length - from + 1);
  bytes[0] = 0x7b;
  bytes.set(object.subarray(from), 1);
  return bytes;
}

function readBookmark(bytes: Uint8Array): { resourceVersion: string; initialEventsEnd: boolean } {
  const metadata = findMember(bytes, 0, "metadata");
  if (metadata === undefined) throw new MalformedJsonError("a bookmark without metadata", 0);
  const { resourceVersion, annotations } = decodeJson(bytes, metadata) as {
    resourceVersion?: string;
    annotations?: Record<string, string>;
  };
  return {
    resourceVersion: resourceVersion ?? "",
    initialEventsEnd: annotations?.["k8s.io/initial-events-end"] === "true",
  };
}

function readStatus(bytes: Uint8Array): { code: number; message: string } {
  const { code, message } = decodeJson(bytes, { start: 0, end: bytes.length }) as {
    code?: number;
    message?: string;
  };
  return { code: code ?? 500, message: message ?? "" };
}
