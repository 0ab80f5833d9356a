import type { Item } from "../api/item.ts";
import { compareResourceVersion, isResourceVersion } from "../api/resource-version.ts";
import type { ReplayAnswer } from "../cache/replay-rows.ts";
import type { LiveScope } from "../cache/watch-caches.ts";
import { plainBytes } from "../upstream/gunzip.ts";
import { decideList } from "./decide.ts";
import { itemOf } from "./get.ts";
import { itemsOf } from "./list.ts";
import type { ReadRequest } from "./read-request.ts";

/** What is read of a Table (apimachinery, meta/v1): its rows carry the metadata of their objects unless told otherwise. */
interface Table {
  readonly kind: string;
  readonly metadata?: { readonly resourceVersion?: string };
  readonly rows?: readonly {
    readonly object?: {
      readonly metadata?: { readonly namespace?: string; readonly name?: string };
    };
  }[];
}

/**
 * Whether the scope knows better than a Table that was kept: it has other rows than the scope has objects, and is no newer.
 * What the columns say may be older, as its age tells: they are what plain objects would not have. `objects` is the same read as
 * plain objects. What is no Table that can be read is not outdated.
 */
export function isOutdated(kept: ReplayAnswer, live: LiveScope, objects: ReadRequest): boolean {
  const table = tableIn(kept);
  const { resourceVersion } = live.cache;
  if (table === undefined || resourceVersion === undefined) return false;
  const version = table.metadata?.resourceVersion ?? "";
  if (isResourceVersion(version) && compareResourceVersion(version, resourceVersion) > 0)
    return false;
  const shown = (table.rows ?? []).map(({ object }) => {
    const { namespace: place = "", name = "" } = object?.metadata ?? {};
    return `${place}/${name}`;
  });
  const held = heldItems(live, objects).map(({ namespace, name }) => `${namespace}/${name}`);
  // Rows without objects (includeObject=None) can only be counted.
  return shown.length !== held.length || shown.some((row, at) => row !== "/" && row !== held[at]);
}

function heldItems(live: LiveScope, objects: ReadRequest): readonly Item[] {
  // The Table is upstream's own: rules come after it.
  const read = { ...objects, view: undefined };
  if (read.verb === "get") {
    const item = itemOf(live, read);
    return item === undefined ? [] : [item];
  }
  const view = decideList(read.options, "any", read.scope.namespace);
  return view === undefined ? [] : (itemsOf(live, read, view) ?? []);
}

function tableIn({ head, body }: ReplayAnswer): Table | undefined {
  try {
    const bytes = plainBytes(body as Uint8Array<ArrayBuffer>, head.headers["content-encoding"]);
    const table: Table = JSON.parse(new TextDecoder().decode(bytes));
    return table.kind === "Table" ? table : undefined;
  } catch {
    return undefined;
  }
}
