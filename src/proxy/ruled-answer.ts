import type { ResourceRequest } from "../api/request-info.ts";
import { type Status, StatusError, unreadableAnswer } from "../api/status.ts";
import { codecOf } from "../codec/codecs.ts";
import { prettyJsonWithin } from "../codec/json-pretty.ts";
import { mapBody, type MappedBody, type ObjectMap } from "../codec/map-body.ts";
import { type ErrorForm, errorForm, formatOf } from "../codec/media-type.ts";
import { type Answer, bodyBytes } from "../http/answer.ts";
import type { Purpose, View } from "../rules/view.ts";
import { sealContinue } from "./ruled-continue.ts";
import { asNotFound } from "./ruled-not-found.ts";
import type { Ruled } from "./ruled-request.ts";
import { statusResponse } from "./status-response.ts";

/** What is looked into is in memory whole: of more than this nothing is passed. Pages are smaller. */
const maxBytes = 64 << 20;

/** Errors whose text may quote what an object holds: the others name it only. */
const quoting: ReadonlySet<number> = new Set([422, 500]);

/**
 * An answer of upstream, or one that was kept, as the rules leave it: hidden objects are not in it, a hidden one is a 404.
 * Rejects with a StatusError for what cannot be looked into: it is refused, not passed (CONTRACT 27).
 */
export async function shownAnswer(
  answer: Answer,
  ruled: Ruled,
  info: ResourceRequest,
): Promise<Answer> {
  const { status } = answer;
  const headers = new Headers(answer.headers);
  if (answer.body === null) return answer;
  const format = formatOf(headers.get("content-type") ?? "");
  // What an apiserver refuses before it looks at objects is plain text: a timeout, too many requests.
  if (format === undefined && status >= 400 && !quoting.has(status)) return answer;
  if (format === undefined)
    throw cannotObey(ruled.view, `it is ${headers.get("content-type") ?? "of no type"}`);
  const bytes = await plainBytes(answer, headers, ruled.view);
  if (status >= 400) {
    const body = quoting.has(status) ? withoutQuotes(ruled.view, status, format) : undefined;
    if (body !== undefined) return body;
    // It may have a token to go on by.
    const told = status === 410 ? toldStatus(ruled, bytes, format) : bytes;
    return { status, headers, body: indented(ruled, told, format) };
  }
  const mapped = mapObjects(ruled, bytes, format);
  // A Table of a hidden object has no rows.
  const isHidden = mapped.is === "hidden" || (mapped.is === "shown" && mapped.isEmptied);
  if (isHidden && info.verb === "get") return asNotFound(info, headers, errorFormOf(ruled));
  if (mapped.is === "hidden") return doneAnswer(info, mapped, status, format);
  return { status, headers, body: indented(ruled, mapped.bytes, format) };
}

/** How an error is written to the client. */
function errorFormOf({ accept, isPretty }: Ruled): ErrorForm {
  const form = errorForm(accept ?? "");
  return { ...form, isPretty: form.isPretty || isPretty };
}

/** JSON as the client wants it; upstream was asked for it plain. */
function indented(
  { view, isPretty }: Ruled,
  bytes: Uint8Array,
  format: "json" | "protobuf",
): Uint8Array {
  if (!isPretty || format !== "json" || isIndented(bytes)) return bytes;
  const pretty = prettyJsonWithin(bytes);
  if (pretty === undefined)
    throw cannotObey(view, "it is too deeply nested to be indented: ask without pretty");
  return pretty;
}

/** Some errors come indented whatever is asked for: a 406. */
function isIndented(bytes: Uint8Array): boolean {
  return bytes[1] === 0x0a;
}

function mapObjects(ruled: Ruled, bytes: Uint8Array, format: "json" | "protobuf"): MappedBody {
  try {
    return mapBody(bytes, format, objectMap(ruled, "object"));
  } catch (error) {
    throw cannotObey(ruled.view, "it could not be read", error);
  }
}

function toldStatus(ruled: Ruled, bytes: Uint8Array, format: "json" | "protobuf"): Uint8Array {
  const mapped = mapObjects(ruled, bytes, format);
  if (mapped.is !== "status") throw cannotObey(ruled.view, "it is no Status");
  return mapped.bytes;
}

/** How the rules of a view map the objects of a body. */
export function objectMap({ view, stripsRows }: Ruled, purpose: Purpose): ObjectMap {
  return {
    mayHide: view.hiding.length > 0,
    continueAs: view.hiding.length > 0 ? sealContinue : undefined,
    takesTables: view.needsObjects === undefined,
    stripsRows,
    shown: ({ selectable, bytes, format }) =>
      view.hiderOf(selectable) === undefined
        ? view.trim(codecOf(format), selectable.namespace, bytes, purpose)
        : undefined,
  };
}

/** A write that was done is told so, without the object. */
function doneAnswer(
  { group, resource }: ResourceRequest,
  { selectable }: Extract<MappedBody, { is: "hidden" }>,
  code: number,
  format: "json" | "protobuf",
): Answer {
  const { name, uid } = selectable;
  const done: Status = {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    message: "",
    details: { name, ...(group === "" ? {} : { group }), kind: resource, uid },
    code,
  };
  return statusResponse(done, format, "upstream");
}

async function plainBytes(
  answer: Answer,
  headers: Headers,
  view: View,
): Promise<Uint8Array<ArrayBuffer>> {
  const encoding = headers.get("content-encoding");
  if (encoding !== null) throw cannotObey(view, `it is compressed by ${encoding}`);
  if (Number(headers.get("content-length") ?? 0) > maxBytes) throw tooLarge(view);
  const bytes = await bodyBytes(answer.body, maxBytes);
  if (bytes === undefined) throw tooLarge(view);
  headers.delete("content-length");
  return bytes;
}

function tooLarge(view: View): StatusError {
  return cannotObey(view, "it is larger than 64 MiB: ask for pages by limit");
}

/** The error of an answer that is not passed since no rule could be obeyed in it. */
export function cannotObey(view: View, why: string, cause?: unknown): StatusError {
  const names = view.rules.map(({ name }) => JSON.stringify(name)).join(", ");
  return unreadableAnswer(`upstream's answer cannot be shown by the rules ${names}: ${why}`, cause);
}

/** An error that may quote what a rule leaves out says what it is, and no more; undefined where no rule leaves out contents. */
function withoutQuotes(view: View, code: number, format: "json" | "protobuf"): Answer | undefined {
  const rule = view.needsObjects;
  if (rule === undefined) return undefined;
  const reason = code === 422 ? "Invalid" : "InternalError";
  const status: Status = {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: `upstream refused the request; what it says may quote what the rule ${JSON.stringify(rule.name)} leaves out`,
    reason,
    code,
  };
  return statusResponse(status, format, "upstream");
}
