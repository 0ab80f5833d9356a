import type { ObjectKey } from "./object-key.ts";
import type { ResourceVersion } from "./resource-version.ts";

/** An object's labels, as upstream wrote them. Look keys up with `Object.hasOwn`: a label may be named `constructor`. */
export type Labels = Readonly<Record<string, string>>;

/** The values of a type's selectable fields by their path (`spec.nodeName`); `metadata.name` and `metadata.namespace` are not among them. */
export type Fields = Readonly<Record<string, string>>;

/**
 * One object, held as the bytes that a LIST carries between its commas (JSON) or in its `items` field (protobuf),
 * with what selects it read once. The bytes own their buffer: keeping an item never keeps a list alive.
 */
export interface Item {
  readonly key: ObjectKey;
  readonly namespace: string;
  readonly name: string;
  readonly resourceVersion: ResourceVersion;
  readonly uid: string;
  readonly labels: Labels;
  readonly fields: Fields;
  readonly bytes: Uint8Array;
  /** The same item whose bytes, the same too, lie elsewhere. */
  withBytes(bytes: Uint8Array): Item;
}

export const noLabels: Labels = Object.freeze({});
export const noFields: Fields = Object.freeze({});
