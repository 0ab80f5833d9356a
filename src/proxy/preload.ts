import { everyField } from "../api/field-selector.ts";
import type { GroupVersionResource } from "../api/group-version-resource.ts";
import { everything } from "../api/label-selector.ts";
import { codecOf } from "../codec/codecs.ts";
import type { ProxyParts } from "./parts.ts";

/** Starts the scopes of these resources in both encodings, over all namespaces, before anybody asks; they stay. */
export function preload(
  parts: Pick<ProxyParts, "caches">,
  resources: readonly GroupVersionResource[],
): void {
  for (const gvr of resources) {
    for (const codec of [codecOf("json"), codecOf("protobuf")]) {
      const live = parts.caches.start({
        gvr,
        namespace: "",
        labelSelector: everything,
        fieldSelector: everyField,
        codec,
      });
      live.isKept = true;
    }
  }
}
