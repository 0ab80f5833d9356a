import { encodeContinue } from "../api/continue-token.ts";
import type { Item } from "../api/item.ts";
import { objectKey } from "../api/object-key.ts";
import { formatSelection } from "../api/selection.ts";
import type { Store } from "../cache/store.ts";
import type { LiveScope } from "../cache/watch-caches.ts";
import type { ListBody, ListForm, TypeForm } from "../codec/codec.ts";
import { maxPrettyBytes, prettyJsonWithin } from "../codec/json-pretty.ts";
import { copyBody, streamedBody, wholeBody } from "../codec/list-body.ts";
import { type Answer, SharedBytes } from "../http/answer.ts";
import { cacheHeaders } from "./cache-headers.ts";
import type { ListView } from "./decide.ts";
import { sees, sightOf } from "./filter.ts";
import type { ProxyParts } from "./parts.ts";
import type { ReadRequest } from "./read-request.ts";

/** Bodies past this are streamed from the objects each time instead of being kept whole. */
const maxKeptBytes = 8 << 20;

/** The LIST's answer from the scope, in a form that may be guessed; undefined when the scope does not reach to the state that is asked for. */
export function listFrom(
  parts: ProxyParts,
  live: LiveScope,
  read: ReadRequest,
  view: ListView,
): Answer | undefined {
  const { cache } = live;
  const { bodies } = parts.caches;
  const version = view.state === "latest" ? cache.version : 0;
  const key = bodyKey(live, read, view);
  const kept = bodies.get(key, version);
  if (kept !== undefined) return respond(read, kept);
  const body = compose(live, read, view);
  if (body === undefined) return undefined;
  if (body.byteLength > maxKeptBytes && !read.isPretty) return respond(read, streamedBody(body));
  const shared = read.isPretty ? prettyShared(body) : sharedBody(body);
  if (shared === undefined) return undefined;
  bodies.set(key, version, shared);
  return respond(read, shared);
}

/** The keys of reads that repeat: what a read shows of a scope depends on the two only. */
const bodyKeys = new WeakMap<ReadRequest, { readonly live: LiveScope; readonly key: string }>();

function bodyKey(live: LiveScope, read: ReadRequest, view: ListView): string {
  const known = bodyKeys.get(read);
  if (known?.live === live) return known.key;
  const at = view.state === "latest" ? "" : view.resourceVersion;
  const { startKey, limit } = view;
  const selection = formatSelection(read.scope);
  // Each part quoted: a field selector and a token hold any characters.
  const shown = JSON.stringify([selection, startKey, limit, read.isPretty, at, read.view?.id]);
  const key = `${live.name}|${shown}`;
  bodyKeys.set(read, { live, key });
  return key;
}

function respond(read: ReadRequest, body: SharedBytes | ReadableStream<Uint8Array>): Answer {
  return { status: 200, headers: cacheHeaders[read.format].whole, body };
}

function sharedBody(body: ListBody): SharedBytes {
  const shared = new SharedBytes(body.byteLength);
  copyBody(body, shared.bytes);
  return shared;
}

/** undefined: it cannot be indented in memory, so that upstream has to do it. */
function prettyShared(body: ListBody): SharedBytes | undefined {
  if (body.byteLength > maxPrettyBytes) return undefined;
  const bytes = prettyJsonWithin(wholeBody(body));
  return bytes && sharedBody({ byteLength: bytes.length, pieces: [bytes] });
}

function storeOf({ cache }: LiveScope, view: ListView): Store | undefined {
  return view.state === "latest" ? cache.store : cache.storeAt(view.resourceVersion);
}

/** The objects that the LIST shows, in its order; undefined when the scope does not reach to the state that is asked for. */
export function itemsOf(
  live: LiveScope,
  read: ReadRequest,
  view: ListView,
): readonly Item[] | undefined {
  const store = storeOf(live, view);
  return store && takePage(store, live, read, view).items;
}

function compose(live: LiveScope, read: ReadRequest, view: ListView): ListBody | undefined {
  const { cache } = live;
  const store = storeOf(live, view);
  const resourceVersion = view.state === "latest" ? cache.resourceVersion : view.resourceVersion;
  const listForm = cache.listForm ?? likelyListForm(cache.form);
  if (store === undefined || resourceVersion === undefined || listForm === undefined)
    return undefined;
  const page = takePage(store, live, read, view);
  const start = page.next === undefined ? "" : `${relativeKey(page.next, read)}\0`;
  return cache.scope.codec.list(
    listForm,
    {
      resourceVersion,
      continue: start === "" ? "" : encodeContinue(resourceVersion, start),
      remainingItemCount: page.remaining,
    },
    shownItems(live, store, read, page.items),
  );
}

/** The items as the rules leave them, each made once for as long as it stays as it is; past states are made anew. */
function shownItems(
  { cache, derived }: LiveScope,
  store: Store,
  { view }: ReadRequest,
  items: readonly Item[],
): readonly Pick<Item, "bytes">[] {
  if (view === undefined || view.trimming.length === 0) return items;
  const { codec } = cache.scope;
  const make = ({ namespace, bytes }: Item) => view.trim(codec, namespace, bytes, "object");
  if (store !== cache.store) return items.map((item) => ({ bytes: make(item) }));
  const kept = derived.ofKind(view.id);
  kept.prune(store);
  return items.map((item) => ({ bytes: kept.of(item, make) }));
}

/** How a list of the type is written where none has been seen: only a custom resource may name it otherwise. */
function likelyListForm(form: TypeForm | undefined): ListForm | undefined {
  return form && { ...form, kind: `${form.kind}List` };
}

interface Page {
  readonly items: readonly Item[];
  /** The last item shown, when more follow. */
  readonly next: Item | undefined;
  /** Only without selectors: with them upstream does not count either (etcd3/store.go). */
  readonly remaining: number | undefined;
}

/**
 * A full page has a `continue` when any key is left in the range, selected or not: the next page may be empty (m, 1.37, with and
 * without its watch cache). What a scope with selectors of its own leaves out is not known here, and does not count.
 */
function takePage(store: Store, live: LiveScope, read: ReadRequest, view: ListView): Page {
  const sight = sightOf(live, read);
  const items: Item[] = [];
  let more = 0;
  const isCounted = read.scope.labelSelector.isEmpty && read.scope.fieldSelector.isEmpty;
  for (const item of rangeOf(store, read, view.startKey)) {
    const isFull = view.limit > 0 && items.length === view.limit;
    if (isFull && !isCounted) {
      more++;
      break;
    }
    if (sight !== undefined && !sees(sight, item)) continue;
    if (isFull) more++;
    else items.push(item);
  }
  if (more === 0) return { items, next: undefined, remaining: undefined };
  return { items, next: items.at(-1), remaining: isCounted ? more : undefined };
}

/** What a page is taken from: at first as little as the field selector's names leave (m; registry/generic/registry/store.go, ListPredicate). */
function rangeOf(store: Store, { scope }: ReadRequest, startKey: string): Iterable<Item> {
  const { fieldSelector, namespace } = scope;
  if (startKey !== "") return store.items(namespace, absoluteKey(startKey, namespace));
  const range = namespace || (fieldSelector.requiredValue("metadata.namespace") ?? "");
  const name = fieldSelector.requiredValue("metadata.name");
  const one = name === undefined ? undefined : store.get(objectKey(range, name));
  return one === undefined ? store.items(range) : [one];
}

/** A token's key is relative to the list's prefix: the name in a namespace, `namespace/name` over all (storage/continue.go). */
function absoluteKey(startKey: string, namespace: string): string {
  return namespace === "" ? startKey : `${namespace}/${startKey}`;
}

function relativeKey(item: Item, read: ReadRequest): string {
  return read.scope.namespace === "" ? item.key : item.name;
}
