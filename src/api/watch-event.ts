import type { Item } from "./item.ts";

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
