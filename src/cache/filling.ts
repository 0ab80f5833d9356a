import type { Item } from "../api/item.ts";
import { Store } from "./store.ts";

/** A state that is being put together, aside. */
export class Filling {
  readonly #admit: (bytes: number) => void;
  readonly #read: (bytes: Uint8Array) => Item;
  #items: Item[] = [];
  #bytes = 0;

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
