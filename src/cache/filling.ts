import type { Item } from "../api/item.ts";
import type { Change } from "./change.ts";
import { Store } from "./store.ts";

/** A state that is being put together, aside. */
export class Filling {
  readonly #admit: (bytes: number) => void;
  readonly #read: (bytes: Uint8Array) => Item;
  #items: Item[] = [];
  /** From the first change on that is no ADDED, all of them in order. */
  #changes: Change[] = [];
  #bytes = 0;

  /** `admit` is told the bytes so far, for every item; it throws to give the state up. */
  constructor(admit: (bytes: number) => void, read: (bytes: Uint8Array) => Item) {
    this.#admit = admit;
    this.#read = read;
  }

  add(bytes: Uint8Array): void {
    this.#items.push(this.#admitted(bytes));
  }

  /** A change of what has been added so far, or an object that is added meanwhile. */
  change(type: Change["type"], bytes: Uint8Array): void {
    if (type === "ADDED" && this.#changes.length === 0) return this.add(bytes);
    // Most will not be there for long: they get buffers of their own.
    const item = this.#admitted(bytes.slice());
    this.#changes.push({ type, item });
  }

  clear(): void {
    this.#items = [];
    this.#changes = [];
    this.#bytes = 0;
  }

  /** Throws when a key repeats. */
  store(): Store {
    const store = Store.of(this.#items);
    for (const { type, item } of this.#changes) {
      const previous = type === "DELETED" ? store.delete(item.key) : store.set(item);
      if (type === "ADDED" && previous !== undefined)
        throw new RangeError(`the WatchList repeats ${item.key}`);
    }
    return store;
  }

  #admitted(bytes: Uint8Array): Item {
    const item = this.#read(bytes);
    this.#bytes += item.bytes.length;
    this.#admit(this.#bytes);
    return item;
  }
}
