import type { Item } from "../api/item.ts";
import type { ResourceVersion } from "../api/resource-version.ts";
import type { TypeForm } from "../codec/codec.ts";
import { Store } from "./store.ts";

/** A whole state as upstream told it. */
export interface FullState {
  readonly store: Store;
  readonly resourceVersion: ResourceVersion;
  readonly form: TypeForm;
}

/** A state that is being put together, aside. */
export class Filling {
  readonly #admit: (bytes: number) => void;
  readonly #read: (bytes: Uint8Array) => Item;
  #items: Item[] = [];
  #bytes = 0;

  /** `admit` is told the bytes so far, for every item; it throws to give the state up. */
  constructor(admit: (bytes: number) => void, read: (bytes: Uint8Array) => Item) {
    this.#admit = admit;
    this.#read = read;
  }

  add(bytes: Uint8Array): void {
    const item = this.#read(bytes);
    this.#items.push(item);
    this.#bytes += item.bytes.length;
    this.#admit(this.#bytes);
  }

  clear(): void {
    this.#items = [];
    this.#bytes = 0;
  }

  /** Throws when a key repeats. */
  store(): Store {
    return Store.of(this.#items);
  }
}
