import type { Item } from "../api/item.ts";
import type { ChangeEvent } from "../api/watch-event.ts";
import type { Codec, TypeForm } from "../codec/codec.ts";

/** What a watcher is told of a change: as what kind of event, and with which of its two objects. */
export type Shown = "ADDED" | "MODIFIED" | "DELETED" | "LEFT";

/** How objects look to some watchers: all that have the same one share its frames. */
export interface Look {
  /** The object's bytes, in list form, as they are shown. */
  eventBytes(codec: Codec, namespace: string, bytes: Uint8Array): Uint8Array;
  /** Whether two states of an object look the same, their resourceVersions aside. */
  isSameShown(codec: Codec, a: Item, b: Item): boolean;
}

/**
 * One change as bytes on the wire, made when first asked for and shared by all watchers by reference.
 * It lives as long as the delivery: what is kept of a change is its item.
 */
export class Frames {
  readonly event: ChangeEvent;
  readonly #codec: Codec;
  readonly #form: TypeForm;
  #made: Partial<Record<Shown, Uint8Array>> = {};
  #madeFor: Map<Look, Partial<Record<Shown, Uint8Array | "unseen">>> | undefined;
  #shownTo: Map<object, Shown | undefined> | undefined;

  constructor(codec: Codec, form: TypeForm, event: ChangeEvent) {
    this.#codec = codec;
    this.#form = form;
    this.event = event;
  }

  /**
   * The frame. LEFT is a DELETED of an object that a selector does not show any more: the previous object, with the
   * resourceVersion of the change (apiserver, cacher/cache_watcher.go convertToWatchEvent).
   */
  as(shown: Shown): Uint8Array {
    return (this.#made[shown] ??= this.#encode(shown));
  }

  /** As what it is shown to all that see alike: `find` is asked once for each `sight`. */
  shownTo(sight: object, find: () => Shown | undefined): Shown | undefined {
    this.#shownTo ??= new Map();
    if (!this.#shownTo.has(sight)) this.#shownTo.set(sight, find());
    return this.#shownTo.get(sight);
  }

  /** The same as it looks to some; undefined where nothing that they see has changed. */
  asSeen(shown: Shown, look: Look): Uint8Array | undefined {
    this.#madeFor ??= new Map();
    const made = this.#madeFor.get(look) ?? {};
    this.#madeFor.set(look, made);
    const frame = (made[shown] ??= this.#isUnseen(shown, look)
      ? "unseen"
      : this.#encode(shown, look));
    return frame === "unseen" ? undefined : frame;
  }

  #isUnseen(shown: Shown, look: Look): boolean {
    const { previous, item } = this.event;
    return (
      shown === "MODIFIED" &&
      previous !== undefined &&
      look.isSameShown(this.#codec, previous, item)
    );
  }

  #encode(shown: Shown, look?: Look): Uint8Array {
    const { previous, item } = this.event;
    const type = shown === "LEFT" ? "DELETED" : shown;
    const bytes =
      shown === "LEFT"
        ? this.#codec.withResourceVersion((previous ?? item).bytes, item.resourceVersion)
        : item.bytes;
    const seen = look?.eventBytes(this.#codec, item.namespace, bytes) ?? bytes;
    return this.#codec.event(type, this.#form, seen);
  }
}
