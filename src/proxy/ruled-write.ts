import { noFields } from "../api/item.ts";
import { everything } from "../api/label-selector.ts";
import type { ResourceRequest } from "../api/request-info.ts";
import {
  invalid,
  notFound,
  type StatusCause,
  StatusError,
  unreadableAnswer,
} from "../api/status.ts";
import { readJsonMetadata } from "../codec/json-item.ts";
import { bodyBytes } from "../http/answer.ts";
import type { ClientRequest, IncomingRequest } from "../http/request.ts";
import { type Json, type JsonObject, lostFields } from "../rules/lost-fields.ts";
import type { RuleSet } from "../rules/rule-set.ts";
import type { RuledRequest } from "../rules/rule.ts";
import type { View } from "../rules/view.ts";
import { forwardHeld } from "../upstream/forward.ts";
import { plainBody } from "../upstream/held-answer.ts";
import { resourcePath } from "../upstream/resource-path.ts";
import type { Passing } from "./forwarding.ts";
import type { ProxyParts } from "./parts.ts";

/** A body that is looked into is in memory; an apiserver takes 3 MiB (apiserver, server/config.go MaxRequestBodyBytes). */
const maxBodyBytes = 8 << 20;
/** Of what would be lost so much is named. */
const maxCauses = 8;

/** In what form objects are asked for that are looked into. */
const json = "application/json";

/** The object as upstream has it. */
interface Current {
  readonly bytes: Uint8Array;
  readonly value: Json;
}

/** Reads the object, once however often it is called; undefined where there is none. */
export type ReadCurrent = () => Promise<Current | undefined>;

/** A resource request on its way upstream. */
export type PassingResource = Passing & { readonly info: ResourceRequest };

/** Whether a write gives the whole object, so that what it does not say is taken away: a PUT, and an apply of what it gave before. */
export function writesWhole(request: ClientRequest): boolean {
  if (request.method === "PUT") return true;
  const type = request.headers.get("content-type") ?? "";
  return request.method === "PATCH" && type.startsWith("application/apply-patch");
}

/**
 * A PUT or apply that takes nothing away that its caller could not see, ready to be sent. Rejects with 422 and the rule's name
 * where it would: upstream is asked what would become of the object, by a dry run.
 */
export async function guardedWrite(
  parts: ProxyParts,
  rules: RuleSet,
  passing: PassingResource,
  readCurrent: ReadCurrent,
): Promise<PassingResource> {
  const { info, request } = passing;
  if (info.name === "" || !rules.mayTrim(ruledRequest(passing))) return passing;
  const body = await bodyBytes(request.body, maxBodyBytes);
  if (body === undefined) throw tooLargeBody();
  // Each has a body of its own: one that was sent is used up.
  const sendable = () => ({ ...passing, request: withBody(request, body) });
  const current = await readCurrent();
  const view = current && viewOfObject(rules, passing, current);
  if (current !== undefined && view !== undefined && mayLose(view, current, request, body)) {
    const after = await dryRun(parts, sendable(), view);
    if (after !== undefined) refuseLoss(view, info, current, after);
  }
  return sendable();
}

/** 404 where the object is hidden: what is not shown is not written, nor entered. */
export async function refuseHidden(
  view: View,
  { info }: PassingResource,
  readCurrent: ReadCurrent,
): Promise<void> {
  const { name, namespace, group, resource } = info;
  if (name === "" || view.hiding.length === 0) return;
  const named = { name, namespace, labels: {}, fields: noFields };
  const isByName = view.hiderOf(named)?.effect.what.by === "namePrefix";
  if (isByName) throw notFound(group, resource, name);
  if (view.hiding.every(({ effect }) => effect.what.by === "namePrefix")) return;
  const current = await readCurrent();
  if (current !== undefined && view.hiderOf(selectableOf(current)) !== undefined)
    throw notFound(group, resource, name);
}

function ruledRequest({ info, head }: PassingResource): RuledRequest {
  const { group, resource, namespace } = info;
  const { userAgent } = head;
  return { group, resource, namespace, userAgent, labelSelector: everything };
}

function viewOfObject(
  rules: RuleSet,
  passing: PassingResource,
  current: Current,
): View | undefined {
  return rules.viewOfWrite(ruledRequest(passing), selectableOf(current));
}

function selectableOf({ bytes }: Current) {
  const { name, namespace, labels } = readJsonMetadata(bytes);
  return { name, namespace, labels, fields: noFields };
}

/** A body that says all that is left out of the object takes nothing away; what is not read as JSON may. */
function mayLose(view: View, current: Current, request: ClientRequest, body: Uint8Array): boolean {
  const isJson = (request.headers.get("content-type") ?? "application/json").startsWith(
    "application/json",
  );
  const given = isJson ? parsed(body) : undefined;
  return lossOf(view, current, given ?? {}).length > 0;
}

function parsed(bytes: Uint8Array): Json | undefined {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8")) as Json;
  } catch {
    return undefined;
  }
}

interface Loss {
  readonly rule: string;
  readonly field: string;
}

function lossOf(view: View, current: Current, after: Json): readonly Loss[] {
  return view.trimming.flatMap(({ name, effect }) =>
    lostFields(current.value, after, effect.trim).map((field) => ({ rule: name, field })),
  );
}

function refuseLoss(view: View, info: ResourceRequest, current: Current, after: Json): void {
  const loss = lossOf(view, current, after);
  if (loss.length === 0) return;
  const causes = loss
    .slice(0, maxCauses)
    .map(({ rule, field }): StatusCause & { field: string; message: string } => ({
      reason: "FieldValueForbidden",
      message: `Forbidden: the rule ${JSON.stringify(rule)} does not show it, and this write would remove it; send a patch instead`,
      field,
    }));
  const kind = kindOf(current.value) ?? info.resource;
  throw invalid({ group: info.group, kind, name: info.name }, causes);
}

function kindOf(value: Json): string | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const { kind } = value as JsonObject;
  return typeof kind === "string" ? kind : undefined;
}

/** How the object that a request is for is read, when it is needed. */
export function currentReader(parts: ProxyParts, passing: PassingResource): ReadCurrent {
  let reading: Promise<Current | undefined> | undefined;
  return () => (reading ??= currentOf(parts, passing));
}

/** The object, by the caller's own credentials; undefined where there is none. Rejects where it cannot be read: then nothing is written. */
async function currentOf(
  parts: ProxyParts,
  { info, request, identity }: PassingResource,
): Promise<Current | undefined> {
  const headers = headersWithout(request.headers, ["content-type", "content-length"]);
  const asked = { method: "GET", headers, body: null, signal: request.signal };
  const target = resourcePath(info, info.namespace, info.name);
  const sent = { target, identity, signal: request.signal, accept: json, kind: "read" } as const;
  const held = await forwardHeld(parts.apiserver, asked, sent);
  if (held.status === 404) return undefined;
  const bytes = held.is === "held" && held.status === 200 ? plainBody(held) : undefined;
  const value = bytes === undefined ? undefined : parsed(bytes);
  if (bytes === undefined || value === undefined) {
    const { name } = info;
    throw unreadableAnswer(
      `${info.resource} ${JSON.stringify(name)} could not be read before it is written, which rules need: upstream answered ${held.status}`,
    );
  }
  return { bytes, value };
}

/** What would become of the object; undefined where upstream refuses the write anyway, and says so better. */
async function dryRun(
  parts: ProxyParts,
  { request, target, identity }: PassingResource,
  view: View,
): Promise<Json | undefined> {
  const separator = target.includes("?") ? "&" : "?";
  const held = await forwardHeld(parts.apiserver, request, {
    target: /[?&]dryRun=/.test(target) ? target : `${target}${separator}dryRun=All`,
    identity,
    signal: request.signal,
    accept: json,
    kind: "write",
  });
  const bytes = held.is === "held" ? plainBody(held) : undefined;
  if (held.status < 300 && bytes !== undefined) return parsed(bytes) ?? {};
  const isAboutDryRuns = bytes !== undefined && /dry.?run/i.test(Buffer.from(bytes).toString());
  if (held.status < 500 && !isAboutDryRuns) return undefined;
  const names = view.trimming.map(({ name }) => JSON.stringify(name)).join(", ");
  throw unreadableAnswer(
    `whether this write would remove what the rules ${names} leave out could not be asked: upstream answered ${held.status}`,
  );
}

function tooLargeBody(): StatusError {
  return new StatusError({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: `Request entity too large: limit is ${maxBodyBytes}`,
    reason: "RequestEntityTooLarge",
    code: 413,
  });
}

function withBody(request: IncomingRequest, bytes: Uint8Array<ArrayBuffer>): IncomingRequest {
  return request.withBody(bytes);
}

function headersWithout(headers: Headers, names: readonly string[]): Headers {
  const kept = new Headers(headers);
  for (const name of names) kept.delete(name);
  return kept;
}
