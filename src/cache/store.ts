import type { Item } from "../api/item.ts";
import { compareObjectKey, type ObjectKey } from "../api/object-key.ts";
import { isPacked } from "./slab.ts";

/** What an item costs beside its bytes: the object, its key and texts, and two places in the index (measured: 430 to 560). */
const overheadBytes = 500;

/** The items of a buffer that several share, and how many of its bytes are still theirs. */
interface SharedBuffer {
  readonly keys: ObjectKey[];
  liveBytes: number;
}

/** The memory that an item takes, about. */
export function itemCost(item: Item): number {
  return item.bytes.length + overheadBytes;
}

/**
 * The objects of a scope at one resourceVersion: a Map for look-ups, and beside it the keys in the byte order of a list.
 * Cost: O(1) to get and to replace, O(log n) and one splice to add or remove.
 */
export class Store {
  #items = new Map<ObjectKey, Item>();
  #keys: ObjectKey[] = [];
  #byteLength = 0;
  #shared = new Map<ArrayBufferLike, SharedBuffer>();

  /** A store of these items. Throws a RangeError when a key repeats: such a list is not one state. */
  static of(items: Iterable<Item>): Store {
    const store = new Store();
    for (const item of items) {
      if (store.#items.has(item.key)) throw new RangeError(`the list repeats ${item.key}`);
      store.#items.set(item.key, item);
      store.#byteLength += itemCost(item);
      store.#share(item);
    }
    store.#keys = [...store.#items.keys()].toSorted(compareObjectKey);
    return store;
  }

  get size(): number {
    return this.#keys.length;
  }

  /** The memory of all items, about. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /** The first of a list; undefined when it is empty. */
  get first(): Item | undefined {
    const [key] = this.#keys;
    return key === undefined ? undefined : this.#items.get(key);
  }

  get(key: ObjectKey): Item | undefined {
    return this.#items.get(key);
  }

  /** Adds or replaces; gives what was there. */
  set(item: Item): Item | undefined {
    const previous = this.#items.get(item.key);
    this.#items.set(item.key, item);
    this.#byteLength += itemCost(item) - (previous === undefined ? 0 : itemCost(previous));
    if (previous === undefined) this.#keys.splice(this.#lowerBound(item.key), 0, item.key);
    else this.#release(previous);
    return previous;
  }

  /** Removes; gives what was there. */
  delete(key: ObjectKey): Item | undefined {
    const previous = this.#items.get(key);
    if (previous === undefined) return undefined;
    this.#items.delete(key);
    this.#keys.splice(this.#lowerBound(key), 1);
    this.#byteLength -= itemCost(previous);
    this.#release(previous);
    return previous;
  }

  /** A store of the same items that changes apart from this one. The items are shared. */
  clone(): Store {
    const store = new Store();
    store.#items = new Map(this.#items);
    store.#keys = [...this.#keys];
    store.#byteLength = this.#byteLength;
    return store;
  }

  /** The items in the order of a list, those of one namespace or of all (empty), from the key `start` on. */
  *items(namespace = "", start = ""): Iterable<Item> {
    const prefix = namespace === "" ? "" : `${namespace}/`;
    const from = start > prefix ? start : prefix;
    const keys = this.#keys;
    for (let at = this.#lowerBound(from); at < keys.length; at++) {
      const key = keys[at];
      if (key === undefined || !key.startsWith(prefix)) return;
      const item = this.#items.get(key);
      if (item !== undefined) yield item;
    }
  }

  #share({ key, bytes }: Item): void {
    if (!isPacked(bytes)) return;
    const shared = this.#shared.get(bytes.buffer) ?? { keys: [], liveBytes: 0 };
    this.#shared.set(bytes.buffer, shared);
    shared.keys.push(key);
    shared.liveBytes += bytes.length;
  }

  /** A buffer that is half empty is given up: the objects left in it get buffers of their own. */
  #release({ bytes }: Item): void {
    if (!isPacked(bytes)) return;
    const { buffer } = bytes;
    const shared = this.#shared.get(buffer);
    if (shared === undefined) return;
    shared.liveBytes -= bytes.length;
    if (shared.liveBytes * 2 > buffer.byteLength) return;
    this.#shared.delete(buffer);
    for (const key of shared.keys) {
      const item = this.#items.get(key);
      if (item !== undefined && isPacked(item.bytes) && item.bytes.buffer === buffer)
        this.#items.set(key, item.withBytes(item.bytes.slice()));
    }
  }

  /** The index of the first key that is not before this one. */
  #lowerBound(key: string): number {
    const keys = this.#keys;
    let low = 0;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((keys[middle] ?? "") < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
