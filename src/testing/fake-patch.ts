import { StatusError } from "../api/status.ts";
import { isJsonObject, type JsonObject } from "./fake-json.ts";

/** JSON merge patch (RFC 7396); strategic merge and apply are read as this one, lists replaced whole. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) return patch;
  const merged: Record<string, unknown> = isJsonObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = mergePatch(merged[key], value);
  }
  return merged;
}

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly value?: unknown;
}

/** JSON patch (RFC 6902) with add, remove, replace and test; what does not apply is the 422 of an apiserver. */
export function jsonPatch(target: JsonObject, operations: readonly unknown[]): unknown {
  let document: unknown = structuredClone(target);
  for (const operation of operations) document = applyOperation(document, operation as Operation);
  return document;
}

function applyOperation(document: unknown, { op, path, value }: Operation): unknown {
  const keys = path
    .split("/")
    .slice(1)
    .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
  const last = keys.pop();
  if (last === undefined) return value;
  const parent = keys.reduce<unknown>((at, key) => member(at, key), document);
  const has = member(parent, last) !== undefined;
  if (op === "test" ? JSON.stringify(member(parent, last)) !== JSON.stringify(value) : false)
    throw unfit();
  if (op !== "add" && !has) throw unfit();
  if (op === "remove") remove(parent, last);
  else if (op !== "test") set(parent, last, value, op);
  return document;
}

function member(at: unknown, key: string): unknown {
  if (Array.isArray(at)) return at[Number(key)];
  return isJsonObject(at) ? at[key] : undefined;
}

function remove(at: unknown, key: string): void {
  if (Array.isArray(at)) at.splice(Number(key), 1);
  else if (isJsonObject(at)) delete (at as Record<string, unknown>)[key];
}

function set(at: unknown, key: string, value: unknown, op: string): void {
  if (Array.isArray(at)) {
    if (op === "add") at.splice(key === "-" ? at.length : Number(key), 0, value);
    else at[Number(key)] = value;
  } else if (isJsonObject(at)) (at as Record<string, unknown>)[key] = value;
  else throw unfit();
}

function unfit(): StatusError {
  return new StatusError({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: "the server rejected our request due to an error in our request",
    reason: "Invalid",
    details: {},
    code: 422,
  });
}
