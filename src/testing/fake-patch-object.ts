import { StatusError } from "../api/status.ts";
import { failure } from "./fake-failures.ts";
import { isJsonObject, type JsonObject } from "./fake-json.ts";
import { jsonPatch, mergePatch } from "./fake-patch.ts";
import { type FakeRequest } from "./fake-request.ts";
import {
  createObject,
  type FakeWrite,
  findObject,
  updateObject,
  type Written,
} from "./fake-write.ts";

/** PATCH of an object, or of a subresource that is the object itself. */
export function patchObject(target: FakeWrite, request: FakeRequest): Written {
  const old = () => findObject(target).object;
  if (mediaOf(request) !== "application/apply-patch+yaml")
    return updateObject(target, patchedBy(request, old()));
  // Server-side apply with one owner of everything: no conflicts, and what is left out stays.
  const parsed: unknown = JSON.parse(request.body);
  try {
    return updateObject(target, objectOf(mergePatch(old(), parsed)));
  } catch (error) {
    if (!(error instanceof StatusError) || error.status.code !== 404) throw error;
    return createObject(target, objectOf(parsed));
  }
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
