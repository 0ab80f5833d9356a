import type { Item } from "../api/item.ts";
import { objectKey } from "../api/object-key.ts";
import { notFound } from "../api/status.ts";
import type { LiveScope } from "../cache/watch-caches.ts";
import { prettyJsonWithin } from "../codec/json-pretty.ts";
import type { Answer } from "../http/answer.ts";
import { cacheHeaders } from "./cache-headers.ts";
import type { ReadRequest } from "./read-request.ts";
import { statusResponse } from "./status-response.ts";

/** The object that is read; undefined where the scope has none. */
export function itemOf({ cache }: LiveScope, { scope, info }: ReadRequest): Item | undefined {
  return cache.store?.get(objectKey(scope.namespace, info.name));
}

/** The object as the scope has it, or the 404; undefined when the scope cannot know that there is none. */
export function getFrom(live: LiveScope, read: ReadRequest): Answer | undefined {
  const { cache } = live;
  const { scope, info } = read;
  const { group, resource } = scope.gvr;
  const item = itemOf(live, read);
  if (cache.form === undefined) return undefined;
  if (item === undefined || read.view?.hiderOf(item) !== undefined) {
    // Without a namespace in its path the object of a namespaced type is no resource at all: upstream's to say.
    if (scope.namespace === "" && cache.place !== "cluster") return undefined;
    const { status } = notFound(group, resource, info.name);
    return statusResponse(status, read.format, "cache", read.isPretty);
  }
  const { codec } = cache.scope;
  const shown = read.view?.trim(codec, item.namespace, item.bytes, "object") ?? item.bytes;
  const bytes = codec.object(cache.form, shown);
  const body = read.isPretty ? prettyJsonWithin(bytes) : bytes;
  // What cannot be indented in memory is upstream's to indent.
  if (body === undefined) return undefined;
  return { status: 200, headers: cacheHeaders[read.format].whole, body };
}
