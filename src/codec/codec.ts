import type { Item } from "../api/item.ts";
import type { ResourceVersion } from "../api/resource-version.ts";
import type { SelectableField } from "../api/selectable-fields.ts";
import type { Status } from "../api/status.ts";
import type { WatchEventType } from "../api/watch-event.ts";
import type { Trim } from "./trim.ts";

/** The encodings that a scope is kept in. */
export type Format = "json" | "protobuf";

/**
 * How a type writes its objects, learned from upstream's bytes. A `typed` one (built in) leaves kind and apiVersion out of the
 * items of a list and puts list metadata before them; an `unstructured` one (custom resources) writes them everywhere, sorted.
 */
export interface TypeForm {
  readonly kind: string;
  readonly apiVersion: string;
  readonly style: "typed" | "unstructured";
}

/** The list around the items: `ConfigMapList`. A custom resource may name its own. */
export interface ListForm {
  readonly kind: string;
  readonly apiVersion: string;
  readonly style: "typed" | "unstructured";
}

/** metav1.ListMeta, as far as an apiserver writes it. `continue` is empty on the last page. */
export interface ListMeta {
  readonly resourceVersion: ResourceVersion;
  readonly continue: string;
  readonly remainingItemCount: number | undefined;
}

/** What a list says about itself when it has been read to its end. */
export interface ListEnvelope {
  readonly form: ListForm;
  /** As written: not always a number that can be compared. */
  readonly resourceVersion: string;
  readonly continue: string;
}

/** One event off the wire. The object's bytes are in list form and own their buffer. */
export type WireEvent =
  | {
      readonly type: "ADDED" | "MODIFIED" | "DELETED";
      readonly form: TypeForm;
      readonly bytes: Uint8Array;
    }
  | {
      readonly type: "BOOKMARK";
      readonly form: TypeForm;
      readonly resourceVersion: string;
      readonly initialEventsEnd: boolean;
    }
  | { readonly type: "ERROR"; readonly code: number; readonly message: string };

/** Gives the place that an object's bytes are copied to, of just that length; `allocateOwn` unless a reader is told otherwise. */
export type Allocate = (byteLength: number) => Uint8Array;

/** A buffer of its own. */
export const allocateOwn: Allocate = (byteLength) => new Uint8Array(byteLength);

/** A copy of the bytes where `allocate` says. */
export function copyTo(allocate: Allocate, bytes: Uint8Array): Uint8Array {
  const copy = allocate(bytes.length);
  copy.set(bytes);
  return copy;
}

/** Cuts items out of a list while it arrives. */
export interface ListReader {
  /** Takes the next bytes, gives the items that they complete, in list form, each copied to its own place. Throws when the bytes are no list. */
  push(chunk: Uint8Array): readonly Uint8Array[];
  /** Throws when the list is not complete. */
  finish(): ListEnvelope;
}

/** Cuts events out of a watch stream while it arrives. */
export interface WatchReader {
  /** Takes the next bytes, gives the events that they complete. Throws when the bytes are no watch stream. */
  push(chunk: Uint8Array): readonly WireEvent[];
}

/** One encoding of Kubernetes objects: bytes to items and back. JSON and protobuf pass one contract suite. */
export interface Codec {
  readonly format: Format;
  listReader(allocate?: Allocate): ListReader;
  watchReader(allocate?: Allocate): WatchReader;
  /** Reads what selects an object, once. Throws where it has no name or no comparable resourceVersion. */
  readItem(bytes: Uint8Array, fields: readonly SelectableField[]): Item;
  /** A list's whole body in pieces, the items' own bytes among them by reference. */
  list(form: ListForm, meta: ListMeta, items: readonly Pick<Item, "bytes">[]): ListBody;
  /** A single object as GET answers it. */
  object(form: TypeForm, bytes: Uint8Array): Uint8Array;
  /** One event of a watch stream, as it goes over the wire. */
  event(
    type: Exclude<WatchEventType, "BOOKMARK" | "ERROR">,
    form: TypeForm,
    bytes: Uint8Array,
  ): Uint8Array;
  bookmark(form: TypeForm, resourceVersion: string, initialEventsEnd: boolean): Uint8Array;
  error(status: Status): Uint8Array;
  /** The same object with another resourceVersion: what a selector no longer shows is DELETED with it. */
  withResourceVersion(bytes: Uint8Array, resourceVersion: ResourceVersion): Uint8Array;
  /** The same object, in list form, with only what the trim leaves; the very same array where that is all. */
  trim(bytes: Uint8Array, trim: Trim): Uint8Array;
}

/** A list's body: its length is known before the first piece is made. */
export interface ListBody {
  readonly byteLength: number;
  readonly pieces: Iterable<Uint8Array>;
}
