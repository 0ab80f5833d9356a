import { isJsonObject, type JsonObject, listAt, objectAt, stringAt } from "./fake-json.ts";
import { apiVersionOf, type FakeType } from "./fake-types.ts";

/** The parts of Kubernetes' protobuf that the fake speaks, written apart from the proxy's own codec. */

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  return [...bytes, rest];
}

function bytesField(field: number, bytes: Uint8Array): Uint8Array {
  const head = [...varint(field * 8 + 2), ...varint(bytes.length)];
  return Buffer.concat([Uint8Array.from(head), bytes]);
}

function text(field: number, value: string): Uint8Array {
  return bytesField(field, Buffer.from(value));
}

function int(field: number, value: number): Uint8Array {
  return Uint8Array.from([...varint(field * 8), ...varint(value)]);
}

function time(field: number, value: string): Uint8Array {
  const seconds = Math.floor(Date.parse(value) / 1000);
  return bytesField(
    field,
    value === "" ? new Uint8Array() : Buffer.concat([int(1, seconds), int(2, 0)]),
  );
}

function map(field: number, object: JsonObject, encoding: "utf8" | "base64" = "utf8"): Uint8Array {
  const entries = Object.entries(object).map(([key, value]) =>
    bytesField(
      field,
      Buffer.concat([text(1, key), bytesField(2, Buffer.from(String(value), encoding))]),
    ),
  );
  return Buffer.concat(entries);
}

function encodeObjectMeta(metadata: JsonObject): Uint8Array {
  const deleted = stringAt(metadata, "deletionTimestamp");
  const grace = metadata["deletionGracePeriodSeconds"];
  return Buffer.concat([
    text(1, stringAt(metadata, "name")),
    text(2, stringAt(metadata, "generateName")),
    text(3, stringAt(metadata, "namespace")),
    text(4, ""),
    text(5, stringAt(metadata, "uid")),
    text(6, stringAt(metadata, "resourceVersion")),
    int(7, Number(metadata["generation"] ?? 0)),
    time(8, stringAt(metadata, "creationTimestamp")),
    deleted === "" ? new Uint8Array() : time(9, deleted),
    typeof grace === "number" ? int(10, grace) : new Uint8Array(),
    map(11, objectAt(metadata, "labels")),
    map(12, objectAt(metadata, "annotations")),
    ...listAt(metadata, "finalizers").map((finalizer) => text(14, String(finalizer))),
  ]);
}

function encodeBody(type: FakeType, object: JsonObject): Uint8Array {
  const spec = objectAt(object, "spec");
  const status = objectAt(object, "status");
  switch (type.kind) {
    case "ConfigMap":
      return Buffer.concat([
        map(2, objectAt(object, "data")),
        map(3, objectAt(object, "binaryData"), "base64"),
      ]);
    case "Secret":
      return Buffer.concat([
        map(2, objectAt(object, "data"), "base64"),
        text(3, stringAt(object, "type")),
      ]);
    case "Pod":
      return Buffer.concat([encodePodSpec(spec), encodePodStatus(status)]);
    case "Namespace":
      return Buffer.concat([
        bytesField(2, Buffer.concat(listAt(spec, "finalizers").map((f) => text(1, String(f))))),
        bytesField(3, text(1, stringAt(status, "phase"))),
      ]);
    default:
      return new Uint8Array();
  }
}

function encodePodSpec(spec: JsonObject): Uint8Array {
  const fields = [
    text(3, stringAt(spec, "restartPolicy")),
    text(8, stringAt(spec, "serviceAccountName")),
    text(10, stringAt(spec, "nodeName")),
    text(19, stringAt(spec, "schedulerName")),
  ];
  return bytesField(2, Buffer.concat(fields));
}

function encodePodStatus(status: JsonObject): Uint8Array {
  const conditions = listAt(status, "conditions").filter(isJsonObject).map(encodeCondition);
  return bytesField(
    3,
    Buffer.concat([
      text(1, stringAt(status, "phase")),
      ...conditions.map((condition) => bytesField(2, condition)),
      text(6, stringAt(status, "podIP")),
    ]),
  );
}

function encodeCondition(condition: JsonObject): Uint8Array {
  const names = ["type", "status", "", "", "reason", "message"];
  return Buffer.concat(
    names.flatMap((name, at) => (name === "" ? [] : text(at + 1, stringAt(condition, name)))),
  );
}

/** The bare message of an object, as it lies in a list. */
export function encodeMessage(type: FakeType, object: JsonObject): Uint8Array {
  const metadata = bytesField(1, encodeObjectMeta(objectAt(object, "metadata")));
  return Buffer.concat([metadata, encodeBody(type, object)]);
}

/** The message in the `k8s\0` envelope (runtime.Unknown). */
export function encodeEnvelope(apiVersion: string, kind: string, message: Uint8Array): Uint8Array {
  const typeMeta = bytesField(1, Buffer.concat([text(1, apiVersion), text(2, kind)]));
  return Buffer.concat([
    Buffer.from("k8s\0"),
    typeMeta,
    bytesField(2, message),
    text(3, ""),
    text(4, ""),
  ]);
}

export interface FakeListMeta {
  readonly resourceVersion: string;
  readonly continue: string;
  readonly remainingItemCount: number | undefined;
}

export function encodeListProtobuf(
  type: FakeType,
  meta: FakeListMeta,
  objects: readonly JsonObject[],
): Uint8Array {
  const remaining = meta.remainingItemCount;
  const listMeta = Buffer.concat([
    text(1, ""),
    text(2, meta.resourceVersion),
    text(3, meta.continue),
    remaining === undefined ? new Uint8Array() : int(4, remaining),
  ]);
  const items = objects.map((object) => bytesField(2, encodeMessage(type, object)));
  const message = Buffer.concat([bytesField(1, listMeta), ...items]);
  return encodeEnvelope(apiVersionOf(type), `${type.kind}List`, message);
}

/** A watch event behind its length in four bytes. */
export function frameEvent(eventType: string, object: Uint8Array): Uint8Array {
  const event = Buffer.concat([text(1, eventType), bytesField(2, bytesField(1, object))]);
  const frame = Buffer.alloc(4 + event.length);
  frame.writeUInt32BE(event.length);
  frame.set(event, 4);
  return frame;
}

export function encodeStatusProtobuf(status: JsonObject): Uint8Array {
  const details = objectAt(status, "details");
  const causes = listAt(details, "causes").map((cause) => {
    const { reason = "", message = "", field = "" } = cause as Readonly<Record<string, string>>;
    return bytesField(4, Buffer.concat([text(1, reason), text(2, message), text(3, field)]));
  });
  const detailFields = Buffer.concat([
    text(1, stringAt(details, "name")),
    text(2, stringAt(details, "group")),
    text(3, stringAt(details, "kind")),
    ...causes,
    int(5, Number(details["retryAfterSeconds"] ?? 0)),
    text(6, stringAt(details, "uid")),
  ]);
  const message = Buffer.concat([
    bytesField(1, Buffer.concat([text(1, ""), text(2, ""), text(3, "")])),
    text(2, stringAt(status, "status")),
    text(3, stringAt(status, "message")),
    text(4, stringAt(status, "reason")),
    status["details"] === undefined ? new Uint8Array() : bytesField(5, detailFields),
    int(6, Number(status["code"] ?? 0)),
  ]);
  return encodeEnvelope("v1", "Status", message);
}
