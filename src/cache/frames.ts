import type { ChangeEvent } from "../api/watch-event.ts";
import type { Codec, TypeForm } from "../codec/codec.ts";

/** What a watcher is told of a change: as what kind of event, and with which of its two objects. */
export type Shown = "ADDED" | "MODIFIED" | "DELETED" | "LEFT";

/**
 * One change as bytes on the wire, made when first asked for and shared by all watchers by reference.
 * It lives as long as the delivery: what is kept of a change is its item.
 */
export class Frames {
  readonly event: ChangeEvent;
  readonly #codec: Codec;
  readonly #form: TypeForm;
  #made: Partial<Record<Shown, Uint8Array>> = {};

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

  #encode(shown: Shown): Uint8Array {
    if (shown !== "LEFT") return this.#codec.event(shown, this.#form, this.event.item.bytes);
    const { previous, item } = this.event;
    const bytes = this.#codec.withResourceVersion((previous ?? item).bytes, item.resourceVersion);
    return this.#codec.event("DELETED", this.#form, bytes);
  }
}
