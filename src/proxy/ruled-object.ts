import { noFields } from "../api/item.ts";
import type { ResourceRequest } from "../api/request-info.ts";
import type { Selectable } from "../api/selection.ts";
import { unreadableAnswer } from "../api/status.ts";
import { readJsonMetadata } from "../codec/json-item.ts";
import { jsonType } from "../codec/media-type.ts";
import type { Json } from "../rules/json.ts";
import { forwardHeld } from "../upstream/forward.ts";
import { plainBody } from "../upstream/held-answer.ts";
import { resourcePath } from "../upstream/resource-path.ts";
import type { Passing } from "./forwarding.ts";
import type { ProxyParts } from "./parts.ts";

/** A resource request on its way upstream. */
export type PassingResource = Passing & { readonly info: ResourceRequest };

/** The object as upstream has it. */
export interface Current {
  readonly bytes: Uint8Array;
  readonly value: Json;
}

/** Upstream's answer to a GET of an object. */
export interface Looked {
  readonly status: number;
  readonly headers: Headers;
  /** undefined: there is none, or it may not be read. */
  readonly object: Current | undefined;
}

/** Reads the object that a request is for, once however often it is called. */
export type ReadCurrent = () => Promise<Looked>;

/** How the object that a request is for is read, by the caller's own credentials, when it is needed. */
export function currentReader(parts: ProxyParts, passing: PassingResource): ReadCurrent {
  let reading: Promise<Looked> | undefined;
  return () => (reading ??= lookAt(parts, passing));
}

async function lookAt(
  parts: ProxyParts,
  { info, request, identity }: PassingResource,
): Promise<Looked> {
  const headers = new Headers(request.headers);
  for (const name of ["content-type", "content-length"]) headers.delete(name);
  const asked = { method: "GET", headers, body: null, signal: request.signal };
  const target = resourcePath(info, namespaceOf(info), info.name);
  const { signal } = request;
  const sent = { target, identity, signal, accept: jsonType, kind: "read" } as const;
  const held = await forwardHeld(parts.apiserver, asked, sent);
  const bytes = held.is === "held" && held.status === 200 ? plainBody(held) : undefined;
  const value = bytes && parseJson(bytes);
  const object = bytes === undefined || value === undefined ? undefined : { bytes, value };
  return { status: held.status, headers: held.headers, object };
}

/** The object; undefined where there is none. Throws where it could not be read: then nothing is written. */
export function objectIn({ status, object }: Looked, info: ResourceRequest): Current | undefined {
  if (object !== undefined || status === 404) return object;
  throw unreadableAnswer(
    `${info.resource} ${JSON.stringify(info.name)} could not be read before it is written, which rules need: upstream answered ${status}`,
  );
}

/** What rules tell an object by. */
export function selectableOf({ bytes }: Current): Selectable {
  const { name, namespace, labels } = readJsonMetadata(bytes);
  return { name, namespace, labels, fields: noFields };
}

/** A Namespace is in no namespace, whatever its path says. */
export function namespaceOf({ group, resource, namespace }: ResourceRequest): string {
  return group === "" && resource === "namespaces" ? "" : namespace;
}

/** JSON decoded; undefined for what is none. */
export function parseJson(bytes: Uint8Array): Json | undefined {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8")) as Json;
  } catch {
    return undefined;
  }
}
