import type { Fields, Item, Labels } from "../api/item.ts";
import type { ObjectKey } from "../api/object-key.ts";
import type { ResourceVersion } from "../api/resource-version.ts";
import { internString } from "./interned.ts";
import { PlacedBytes } from "./placed-bytes.ts";

/** An item as it was kept: its bytes, and of what is in them what a list needs. */
export interface StoredParts {
  readonly key: ObjectKey;
  readonly resourceVersion: ResourceVersion;
  readonly bytes: Uint8Array;
}

/**
 * An item whose bytes are looked into only when somebody asks what is not known beside them: ten thousand come from the disk
 * without being read, and a list of all of them needs no more. The bytes have to be those of a whole object of that key.
 */
export class StoredItem extends PlacedBytes implements Item {
  readonly key: ObjectKey;
  readonly resourceVersion: ResourceVersion;
  readonly #read: (bytes: Uint8Array) => Item;
  #labels: Labels | undefined;
  #fields: Fields | undefined;

  constructor({ key, resourceVersion, bytes }: StoredParts, read: (bytes: Uint8Array) => Item) {
    super(bytes);
    this.key = key;
    this.resourceVersion = resourceVersion;
    this.#read = read;
  }

  get namespace(): string {
    return internString(this.key.slice(0, Math.max(0, this.key.indexOf("/"))));
  }

  get name(): string {
    return this.key.slice(this.key.indexOf("/") + 1);
  }

  get uid(): string {
    return this.#read(this.bytes).uid;
  }

  get labels(): Labels {
    return (this.#labels ??= this.#select().labels);
  }

  get fields(): Fields {
    return (this.#fields ??= this.#select().fields);
  }

  withBytes(bytes: Uint8Array): Item {
    const { key, resourceVersion } = this;
    return new StoredItem({ key, resourceVersion, bytes }, this.#read);
  }

  #select(): Item {
    const item = this.#read(this.bytes);
    this.#labels = item.labels;
    this.#fields = item.fields;
    return item;
  }
}
