import type { Fields, Item, Labels } from "../api/item.ts";
import { type ObjectKey, objectKey } from "../api/object-key.ts";
import { parseResourceVersion, type ResourceVersion } from "../api/resource-version.ts";
import { internString } from "./interned.ts";
import { latin1, type Range } from "./json.ts";
import { PlacedBytes } from "./placed-bytes.ts";

/** What an item is made of, as a codec finds it. */
export interface ItemParts {
  readonly namespace: string;
  readonly name: string;
  readonly resourceVersion: string;
  /** Where the uid lies in the bytes, when it is plain ASCII; else the uid. */
  readonly uid: Range | string;
  readonly labels: Labels;
  readonly fields: Fields;
  readonly bytes: Uint8Array;
}

const maxUidLength = 0xff;

/**
 * An item that keeps no text twice: its name is the end of its key, its uid is read from its bytes. Ten thousand of them
 * are 1.5 MB less than as plain objects.
 */
export class HeldItem extends PlacedBytes implements Item {
  readonly key: ObjectKey;
  readonly namespace: string;
  readonly resourceVersion: ResourceVersion;
  readonly labels: Labels;
  readonly fields: Fields;
  /** The text, or where it begins and how long it is in one number. */
  readonly #uid: string | number;

  constructor(parts: ItemParts) {
    const { namespace, name, resourceVersion, uid, labels, fields, bytes } = parts;
    super(bytes);
    this.key = objectKey(namespace, name);
    this.namespace = internString(namespace);
    this.resourceVersion = parseResourceVersion(resourceVersion);
    this.labels = labels;
    this.fields = fields;
    this.#uid = typeof uid === "string" ? uid : placeOf(bytes, uid);
  }

  get name(): string {
    return this.namespace === "" ? this.key : this.key.slice(this.namespace.length + 1);
  }

  get uid(): string {
    if (typeof this.#uid === "string") return this.#uid;
    const start = Math.floor(this.#uid / (maxUidLength + 1));
    return latin1(this.bytes, start, start + (this.#uid & maxUidLength));
  }

  withBytes(bytes: Uint8Array): Item {
    const { namespace, name, resourceVersion, uid, labels, fields } = this;
    return new HeldItem({ namespace, name, resourceVersion, uid, labels, fields, bytes });
  }
}

function placeOf(bytes: Uint8Array, { start, end }: Range): string | number {
  const length = end - start;
  if (length > maxUidLength) return latin1(bytes, start, end);
  return start * (maxUidLength + 1) + length;
}
