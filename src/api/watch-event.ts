import type { Item } from "./item.ts";
import type { ResourceVersion } from "./resource-version.ts";

/**
 * A change of one object. `previous` is what the object was before it (absent only for ADDED): selector transitions need it
 * (apiserver, cacher/cache_watcher.go). A DELETED carries the last content in `item`, whose resourceVersion is the deletion's.
 */
export type ChangeEvent =
  | { readonly type: "ADDED"; readonly item: Item; readonly previous: undefined }
  | { readonly type: "MODIFIED"; readonly item: Item; readonly previous: Item }
  | { readonly type: "DELETED"; readonly item: Item; readonly previous: Item };

/** The kinds of event on the wire (apimachinery, pkg/watch). */
export type WatchEventType = "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";

/** All is complete up to this resourceVersion; `initialEventsEnd` marks the end of a WatchList's initial events (KEP-3157). */
export interface Bookmark {
  readonly type: "BOOKMARK";
  readonly resourceVersion: ResourceVersion;
  readonly initialEventsEnd: boolean;
}
