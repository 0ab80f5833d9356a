import { parseQuery } from "../api/query.ts";
import { StatusError } from "../api/status.ts";
import { failure } from "./fake-failures.ts";
import { isJsonObject, type JsonObject, objectAt } from "./fake-json.ts";
import { jsonPatch, mergePatch } from "./fake-patch.ts";
import { type FakeRequest } from "./fake-request.ts";
import { type FakeStore } from "./fake-store.ts";
import {
  createObject,
  type FakeWrite,
  findObject,
  updateObject,
  type Written,
} from "./fake-write.ts";

/** PATCH of an object, or of a subresource that is the object itself. */
export function patchObject(target: FakeWrite, request: FakeRequest): Written {
  if (mediaOf(request) !== "application/apply-patch+yaml")
    return updateObject(target, patchedBy(request, findObject(target).object));
  return applyObject(target, request);
}

/** What each manager applied last, by uid and name of the manager. */
const applied = new WeakMap<FakeStore, Map<string, JsonObject>>();

/**
 * Server-side apply without conflicts. What its manager applied before, and nobody has changed since, goes when it is not given
 * any more.
 */
function applyObject(target: FakeWrite, request: FakeRequest): Written {
  const given = objectOf(JSON.parse(request.body));
  const manager = parseQuery(request.query).get("fieldManager") ?? "";
  const known = applied.get(target.store) ?? new Map<string, JsonObject>();
  applied.set(target.store, known);
  const written = write();
  if (!target.isDryRun) known.set(`${uidOf(written.object)} ${manager}`, given);
  return written;

  function write(): Written {
    try {
      const old = findObject(target).object;
      const before = known.get(`${uidOf(old)} ${manager}`) ?? {};
      return updateObject(target, objectOf(mergePatch(withoutGivenUp(old, before, given), given)));
    } catch (error) {
      if (!(error instanceof StatusError) || error.status.code !== 404) throw error;
      return createObject(target, given);
    }
  }
}

function uidOf(object: JsonObject): string {
  const { uid } = objectAt(object, "metadata");
  return typeof uid === "string" ? uid : "";
}

/** The object without what was given before, is as it was given, and is not given now. */
function withoutGivenUp(object: JsonObject, before: JsonObject, now: JsonObject): JsonObject {
  const left: Record<string, unknown> = { ...object };
  for (const [name, value] of Object.entries(before)) {
    const there = left[name];
    if (isJsonObject(value) && isJsonObject(there)) {
      const below = withoutGivenUp(there, value, objectAt(now, name));
      if (Object.keys(below).length > 0 || Object.hasOwn(now, name)) left[name] = below;
      else delete left[name];
    } else if (!Object.hasOwn(now, name) && Bun.deepEquals(there, value)) delete left[name];
  }
  return left;
}

/** What the patch makes of an object; throws 415 for media types that are no patch, 422 for what does not apply. */
export function patchedBy(request: FakeRequest, old: JsonObject): JsonObject {
  const parsed: unknown = JSON.parse(request.body);
  switch (mediaOf(request)) {
    case "application/apply-patch+yaml":
    case "application/merge-patch+json":
    case "application/strategic-merge-patch+json":
      return objectOf(mergePatch(old, parsed));
    case "application/json-patch+json":
      return objectOf(jsonPatch(old, Array.isArray(parsed) ? parsed : []));
  }
  throw failure(415, "UnsupportedMediaType", "415: Unsupported Media Type", {});
}

/** The request's media type, without parameters. */
export function mediaOf({ contentType }: FakeRequest): string {
  return contentType.split(";")[0]?.trim() ?? "";
}

function objectOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}
