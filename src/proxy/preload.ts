import { everyField } from "../api/field-selector.ts";
import type { GroupVersionResource } from "../api/group-version-resource.ts";
import { everything } from "../api/label-selector.ts";
import { jsonCodec } from "../codec/json-codec.ts";
import type { ProxyParts } from "./parts.ts";

/** Starts the scopes of these resources, over all namespaces, before anybody asks. They are kept while they are used. */
export function preload(parts: ProxyParts, resources: readonly GroupVersionResource[]): void {
  for (const gvr of resources) {
    parts.caches.start({
      gvr,
      namespace: "",
      labelSelector: everything,
      fieldSelector: everyField,
      codec: jsonCodec,
    });
  }
}
