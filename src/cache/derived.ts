import type { Item } from "../api/item.ts";
import type { ObjectKey } from "../api/object-key.ts";
import type { ResourceVersion } from "../api/resource-version.ts";
import { NewestMap } from "./newest-map.ts";

/** What an entry costs beside its bytes: the entry, its view, and its place in the Map. */
const overheadBytes = 200;
/** How many kinds are kept of one scope: of more the least recently used is made anew. */
const maxKinds = 8;

interface Entry {
  readonly resourceVersion: ResourceVersion;
  readonly bytes: Uint8Array;
  readonly cost: number;
}

/** Bytes of one kind, made of a scope's items: each once for as long as its item stays as it is. */
export class DerivedBytes {
  #entries = new Map<ObjectKey, Entry>();
  #byteLength = 0;

  /** The memory that it takes, about. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /** What `make` made of the item, or makes now. */
  of(item: Item, make: (item: Item) => Uint8Array): Uint8Array {
    const { key, resourceVersion } = item;
    const there = this.#entries.get(key);
    if (there?.resourceVersion === resourceVersion) return there.bytes;
    const bytes = make(item);
    const cost = overheadBytes + (isSame(bytes, item.bytes) ? 0 : bytes.length);
    this.#entries.set(key, { resourceVersion, bytes, cost });
    this.#byteLength += cost - (there?.cost ?? 0);
    return bytes;
  }

  /** Gives up what was made of items that are gone, once those are many. */
  prune(holder: { readonly size: number; get(key: ObjectKey): Item | undefined }): void {
    if (this.#entries.size <= holder.size + 16 + holder.size / 8) return;
    for (const [key, { cost }] of this.#entries) {
      if (holder.get(key) !== undefined) continue;
      this.#entries.delete(key);
      this.#byteLength -= cost;
    }
  }
}

/** All that is made of a scope's items, by kind. */
export class Derived {
  #kinds = new NewestMap<string, DerivedBytes>(maxKinds);

  get byteLength(): number {
    let bytes = 0;
    for (const kind of this.#kinds.values()) bytes += kind.byteLength;
    return bytes;
  }

  /** What is made of this kind. */
  ofKind(kind: string): DerivedBytes {
    const bytes = this.#kinds.get(kind) ?? new DerivedBytes();
    this.#kinds.set(kind, bytes);
    return bytes;
  }
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.buffer === other.buffer && one.byteOffset === other.byteOffset;
}
