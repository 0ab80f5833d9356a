import { notAcceptable, type Status } from "../api/status.ts";
import { askedForm, type Clause, inPreference, parseAccept } from "../codec/media-type.ts";
import { goJson, isJsonObject, type JsonObject, prettyJsonText } from "./fake-json.ts";
import {
  encodeEnvelope,
  encodeListProtobuf,
  encodeMessage,
  encodeStatusProtobuf,
  type FakeListMeta,
} from "./fake-protobuf.ts";
import { type StoredObject } from "./fake-store.ts";
import { apiVersionOf, type FakeType } from "./fake-types.ts";

/** What a caller is answered in. */
export interface Negotiated {
  readonly format: "json" | "pretty" | "protobuf";
  readonly as: "object" | "Table" | "PartialObjectMetadata";
}

export interface FakeAnswer {
  readonly code: number;
  readonly contentType: string;
  readonly body: Uint8Array | string;
  readonly headers?: Readonly<Record<string, string>>;
}

const protobufType = "application/vnd.kubernetes.protobuf";

/** Reads Accept as an apiserver does: the first type that can be had; throws 406. An empty one is JSON. */
export function negotiate(
  accept: string,
  userAgent: string,
  pretty: string | null,
  type: FakeType | undefined,
): Negotiated {
  const isPretty =
    pretty === null
      ? /^(curl|Wget|Mozilla\/5\.0)/.test(userAgent)
      : pretty === "1" || pretty === "true";
  const json: Negotiated = { format: isPretty ? "pretty" : "json", as: "object" };
  if (accept.trim() === "") return json;
  const clauses = inPreference(parseAccept(accept)) ?? [];
  const isCustom = type?.form === "custom";
  // The router of built-in types looks at the clauses before all else.
  const isRouted = isCustom || clauses.some((clause) => routedTypes.has(clause.type));
  for (const clause of isRouted ? clauses : []) {
    const form = askedForm(clause);
    if (form === undefined) continue;
    const as = form === "metadata" ? "PartialObjectMetadata" : form === "table" ? "Table" : form;
    if (covers(clause, "json")) {
      const format = clause.parameters.get("pretty") === "1" ? "pretty" : json.format;
      return { format, as };
    }
    if (covers(clause, "vnd.kubernetes.protobuf") && form === "object" && !isCustom)
      return { format: "protobuf", as };
  }
  throw notAcceptable(
    isCustom
      ? "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf"
      : `406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, ${protobufType}, application/json;stream=watch, ${protobufType};stream=watch`,
  );
}

const routedTypes = new Set(["application/json", "*/*", protobufType]);

function covers({ type }: Clause, subtype: string): boolean {
  const [main = "", sub = ""] = type.split("/").map((part) => part.trim());
  if (main === "*") return sub === "*" || sub === "";
  return main === "application" && (sub === "*" || sub === subtype);
}

export function jsonAnswer(code: number, text: string, format: Negotiated["format"]): FakeAnswer {
  const body = format === "pretty" ? prettyJsonText(text) : `${text}\n`;
  return { code, contentType: "application/json", body };
}

/** A Status, failure or success, in the media type asked for, with the Retry-After that its details name. */
export function statusAnswer(
  status: Status | JsonObject,
  code: number,
  accept: string,
): FakeAnswer {
  const plain: JsonObject = { ...status };
  const details = isJsonObject(plain["details"]) ? plain["details"] : {};
  const seconds = details["retryAfterSeconds"];
  const headers = typeof seconds === "number" ? { "Retry-After": String(seconds) } : {};
  if (accept.startsWith(protobufType)) {
    return { code, contentType: protobufType, body: encodeStatusProtobuf(plain), headers };
  }
  const format = code === 406 ? "pretty" : "json";
  return { ...jsonAnswer(code, goJson(plain), format), headers };
}

/** The Status of a create that has no object to show. */
export function success(code: number): { readonly code: number; readonly object: JsonObject } {
  const object = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code };
  return { code, object };
}

export function objectAnswer(
  code: number,
  type: FakeType,
  object: JsonObject,
  { format, as }: Negotiated,
): FakeAnswer {
  if (format === "protobuf") {
    const body = encodeEnvelope(apiVersionOf(type), type.kind, encodeMessage(type, object));
    return { code, contentType: protobufType, body };
  }
  if (as === "Table") return jsonAnswer(code, goJson(table({}, [object])), format);
  const shown = as === "PartialObjectMetadata" ? metadataOnly(object) : object;
  return jsonAnswer(code, goJson(shown), format);
}

export function listAnswer(
  type: FakeType,
  meta: FakeListMeta,
  items: readonly StoredObject[],
  { format, as }: Negotiated,
): FakeAnswer {
  if (format === "protobuf") {
    const objects = items.map(({ object }) => object);
    return { code: 200, contentType: protobufType, body: encodeListProtobuf(type, meta, objects) };
  }
  return jsonAnswer(200, listText(type, meta, items, as), format);
}

function listText(
  type: FakeType,
  meta: FakeListMeta,
  items: readonly StoredObject[],
  as: Negotiated["as"],
): string {
  const listMeta = {
    resourceVersion: meta.resourceVersion,
    ...(meta.continue === "" ? {} : { continue: meta.continue }),
    ...(meta.remainingItemCount === undefined
      ? {}
      : { remainingItemCount: meta.remainingItemCount }),
  };
  if (as === "Table")
    return goJson(
      table(
        listMeta,
        items.map(({ object }) => object),
      ),
    );
  if (as === "PartialObjectMetadata") {
    const typeMeta = { kind: "PartialObjectMetadataList", apiVersion: "meta.k8s.io/v1" };
    const shown = items.map(({ object }) => metadataOnly(object));
    return goJson({ ...typeMeta, metadata: listMeta, items: shown });
  }
  const texts = items.map(({ item }) => item).join(",");
  const [kind, apiVersion] = [goJson(`${type.kind}List`), goJson(apiVersionOf(type))];
  if (type.form === "built-in") {
    return `{"kind":${kind},"apiVersion":${apiVersion},"metadata":${goJson(listMeta)},"items":[${texts}]}`;
  }
  const { resourceVersion, ...rest } = { continue: "", ...listMeta };
  const metadata = goJson({ ...rest, resourceVersion });
  return `{"apiVersion":${apiVersion},"items":[${texts}],"kind":${kind},"metadata":${metadata}}`;
}

function metadataOnly(object: JsonObject): JsonObject {
  return {
    kind: "PartialObjectMetadata",
    apiVersion: "meta.k8s.io/v1",
    metadata: object["metadata"],
  };
}

/** A Table with the one column that every printer has. */
export function table(metadata: JsonObject, objects: readonly JsonObject[]): JsonObject {
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata,
    columnDefinitions: [
      { name: "Name", type: "string", format: "name", description: "", priority: 0 },
    ],
    rows: objects.map((object) => {
      const shown = metadataOnly(object);
      return {
        cells: [isJsonObject(shown["metadata"]) ? shown["metadata"]["name"] : ""],
        object: shown,
      };
    }),
  };
}
