import type { Selectable } from "../api/selection.ts";
import { mapJsonBody } from "./map-json.ts";
import { mapProtobufBody } from "./map-protobuf.ts";

/** What becomes of the objects in a body. */
export interface ObjectMap {
  /** The object's bytes as they are shown, in the form they came in; undefined where it is not shown. */
  readonly shown: (object: MappedObject) => Uint8Array | undefined;
  /** Whether some may not be shown: then no list says how many remain. */
  readonly mayHide: boolean;
  /** The token that a list goes on by, as it is shown; undefined: as it came. */
  readonly continueAs: ((token: string) => string) | undefined;
  /** Whether a Table may be shown: its cells may be made of what is left out. */
  readonly takesTables: boolean;
  /** The rows of a Table are to be without their objects: they are there only to tell what is shown. */
  readonly stripsRows: boolean;
}

/** An object in a body: in JSON whole or in list form, in protobuf a message without its envelope. */
export interface MappedObject {
  readonly selectable: Selectable;
  readonly bytes: Uint8Array;
  readonly format: "json" | "protobuf";
}

/** A body after all of its objects were mapped. */
export type MappedBody =
  | { readonly is: "shown"; readonly bytes: Uint8Array; readonly isEmptied: boolean }
  /** It was one object, which is not shown. */
  | { readonly is: "hidden"; readonly selectable: Selectable & { readonly uid: string } }
  | { readonly is: "status"; readonly bytes: Uint8Array };

/**
 * The body with all of its objects mapped: one object, the items of a list, the objects of a Table's rows. A Status stays as
 * it is, but for its token. Throws MalformedJsonError or MalformedProtobufError for what is none of it, and for a Table that may not be shown.
 */
export function mapBody(
  bytes: Uint8Array,
  format: "json" | "protobuf",
  map: ObjectMap,
): MappedBody {
  return format === "json" ? mapJsonBody(bytes, map) : mapProtobufBody(bytes, map);
}
