import type { Item } from "../api/item.ts";
import { selectableFields } from "../api/selectable-fields.ts";
import type { Allocate, ListForm, WireEvent } from "../codec/codec.ts";
import type { Filling } from "./filling.ts";
import {
  isStream,
  type ListerWatcher,
  type ListWatchAnswer,
  type ListWatchTarget,
  type WatchStart,
} from "./lister-watcher.ts";
import { Link } from "./reflector-link.ts";
import { listPages } from "./reflector-pages.ts";
import type { FullState, WatchCache } from "./watch-cache.ts";

/** One call upstream, or several that fill a state: ends with the signal, and is ended by `cut`. */
export interface Attempt {
  readonly signal: AbortSignal;
  readonly cut: (reason: Error) => void;
}

/** Upstream as one scope sees it: lists and watches of what the scope holds, and when it was last heard. */
export class Source {
  readonly #cache: WatchCache;
  readonly #upstream: ListerWatcher;
  readonly #target: ListWatchTarget;
  readonly link: Link;
  /** A list's item in list form lacks what the object of an unstructured type has: those are kept as they came. */
  readonly readItem: (bytes: Uint8Array) => Item;

  constructor(cache: WatchCache, upstream: ListerWatcher, silenceMs: number, now: () => number) {
    this.#cache = cache;
    this.#upstream = upstream;
    const { gvr, codec, namespace, labelSelector, fieldSelector } = cache.scope;
    this.#target = { gvr, format: codec.format, namespace, labelSelector, fieldSelector };
    this.link = new Link({ silenceMs, now, upstream });
    const selectable = selectableFields(gvr.group, gvr.resource);
    this.readItem = (bytes) => codec.readItem(bytes, selectable);
  }

  watch(
    start: WatchStart,
    { signal }: Attempt,
    seconds = watchSeconds(),
  ): Promise<ListWatchAnswer> {
    return this.#heeding(this.#upstream.watch(this.#target, start, seconds, signal));
  }

  /** Reads a watch to its end. */
  async readEvents(
    body: ReadableStream<Uint8Array>,
    allocate: Allocate,
    { cut }: Attempt,
    take: (event: WireEvent) => void,
  ): Promise<void> {
    const reader = this.#cache.scope.codec.watchReader(allocate);
    const takeAll = (chunk: Uint8Array) => {
      for (const event of reader.push(chunk)) take(event);
    };
    await this.link.read(body, takeAll, cut);
  }

  /** A whole state by pages; `answered` is called at the head of each. */
  pages(
    filling: Filling,
    attempt: Attempt,
    answered: () => void,
  ): Promise<FullState & { readonly listForm: ListForm }> {
    const list = {
      list: (...asked: Parameters<ListerWatcher["list"]>) =>
        this.#heeding(this.#upstream.list(...asked)),
      target: this.#target,
      codec: this.#cache.scope.codec,
      filling,
      read: (body: ReadableStream<Uint8Array>, take: (chunk: Uint8Array) => void) => {
        answered();
        return this.link.read(body, take, attempt.cut);
      },
    };
    return listPages(list, attempt.signal);
  }

  /** What upstream warns of with its answers is said with those of the scope too. */
  async #heeding(asked: Promise<ListWatchAnswer>): Promise<ListWatchAnswer> {
    const answer = await asked;
    if (isStream(answer)) this.#cache.warning = answer.warning;
    return answer;
  }
}

/** Random in [300, 600) s, so that the scopes of a node do not come back all at once (client-go's reflector). */
function watchSeconds(): number {
  return 300 + Math.floor(Math.random() * 300);
}
