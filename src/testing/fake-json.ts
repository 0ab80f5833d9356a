import { apiVersionOf, type FakeType } from "./fake-types.ts";

/** A parsed JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The member as an object; an empty one where it is none. */
export function objectAt(object: JsonObject, key: string): JsonObject {
  const value = object[key];
  return isJsonObject(value) ? value : {};
}

export function stringAt(object: JsonObject, key: string): string {
  const value = object[key];
  return typeof value === "string" ? value : "";
}

export function listAt(object: JsonObject, key: string): readonly unknown[] {
  const value = object[key];
  return Array.isArray(value) ? value : [];
}

/** A moment as metav1.Time writes it, in whole seconds. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString().replace(/\.[0-9]+Z$/, "Z");
}

/** JSON as Go's encoder writes it: `<`, `>`, `&` and the two line separators escaped. */
export function goJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Two spaces a level, as kube-apiserver's pretty form; empty lists and objects stay on one line. */
export function prettyJsonText(text: string): string {
  const value: unknown = JSON.parse(text);
  return JSON.stringify(value, undefined, 2).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** All keys in byte order, at every level, as Go writes a map. */
export function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (!isJsonObject(value)) return value;
  const keys = Object.keys(value).toSorted((a, b) =>
    Buffer.compare(Buffer.from(a), Buffer.from(b)),
  );
  return Object.fromEntries(keys.map((key) => [key, sortKeys(value[key])]));
}

const metadataOrder = [
  "name",
  "generateName",
  "namespace",
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "labels",
  "annotations",
  "ownerReferences",
  "finalizers",
];

const sortedMaps = new Set(["labels", "annotations", "data", "binaryData"]);

function pick(object: JsonObject, order: readonly string[]): Record<string, unknown> {
  const picked: Record<string, unknown> = {};
  for (const key of order) {
    const value = object[key];
    if (value === undefined || value === null || isEmpty(value)) continue;
    picked[key] = sortedMaps.has(key) ? sortKeys(value) : value;
  }
  return picked;
}

/** Go's `omitempty` leaves these out; a struct (`spec`, `status`) is written all the same. */
function isEmpty(value: unknown): boolean {
  return value === "" || (Array.isArray(value) && value.length === 0);
}

function withoutEmptyMaps(object: Record<string, unknown>): Record<string, unknown> {
  const kept = Object.entries(object).filter(
    ([key, value]) =>
      !(sortedMaps.has(key) && isJsonObject(value) && Object.keys(value).length === 0),
  );
  return Object.fromEntries(kept);
}

/** The object in its type's order of keys, with `kind` and `apiVersion`: two equal objects have equal JSON. */
export function normalizeObject(type: FakeType, object: JsonObject): JsonObject {
  const metadata = withoutEmptyMaps(pick(objectAt(object, "metadata"), metadataOrder));
  const typeMeta = { kind: type.kind, apiVersion: apiVersionOf(type) };
  if (type.form === "custom") {
    return sortKeys({ ...object, ...typeMeta, metadata }) as JsonObject;
  }
  return { ...typeMeta, metadata, ...withoutEmptyMaps(pick(object, type.fields)) };
}

/** The bytes' text in GET and WATCH, and between the commas of a LIST. */
export function objectTexts(type: FakeType, object: JsonObject): { full: string; item: string } {
  const full = goJson(object);
  if (type.form === "custom") return { full, item: full };
  const { kind: _kind, apiVersion: _apiVersion, ...rest } = object;
  return { full, item: goJson(rest) };
}
