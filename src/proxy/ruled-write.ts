import { everything } from "../api/label-selector.ts";
import { parametersOf } from "../api/query.ts";
import type { ResourceRequest } from "../api/request-info.ts";
import { unreadableAnswer } from "../api/status.ts";
import { jsonType } from "../codec/media-type.ts";
import type { ClientRequest } from "../http/request.ts";
import { type Json, textIn } from "../rules/json.ts";
import { lostFields } from "../rules/lost-fields.ts";
import type { RuleSet } from "../rules/rule-set.ts";
import type { RuledRequest } from "../rules/rule.ts";
import type { View } from "../rules/view.ts";
import { forwardHeld } from "../upstream/forward.ts";
import { plainBody } from "../upstream/held-answer.ts";
import type { ProxyParts } from "./parts.ts";
import { readBody, withBody } from "./ruled-body.ts";
import {
  type Current,
  objectIn,
  parseJson,
  type PassingResource,
  type ReadCurrent,
  selectableOf,
} from "./ruled-object.ts";
import { refusedFields, type UnshownField } from "./ruled-refusal.ts";

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
  const body = await readBody(passing);
  // Each has a body of its own: one that was sent is used up.
  const sendable = () => withBody(passing, body);
  const current = objectIn(await readCurrent(), info);
  const view = current && viewOfObject(rules, passing, current);
  if (current !== undefined && view !== undefined && mayLose(view, current, request, body)) {
    const after = await dryRun(parts, sendable(), view);
    if (after !== undefined) refuseLoss(view, info, current, after);
  }
  return sendable();
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

/** A body that says all that is left out of the object takes nothing away; what is not read as JSON may. */
function mayLose(view: View, current: Current, request: ClientRequest, body: Uint8Array): boolean {
  const isJson = (request.headers.get("content-type") ?? "application/json").startsWith(
    "application/json",
  );
  const given = isJson ? parseJson(body) : undefined;
  return lossOf(view, current, given ?? {}).length > 0;
}

function lossOf(view: View, current: Current, after: Json): readonly UnshownField[] {
  return view.trimming.flatMap(({ name, effect }) =>
    lostFields(current.value, after, effect.trim).map((field) => ({ rule: name, field })),
  );
}

function refuseLoss(view: View, info: ResourceRequest, current: Current, after: Json): void {
  const loss = lossOf(view, current, after);
  if (loss.length === 0) return;
  const kind = textIn(current.value, "kind") ?? info.resource;
  const object = { group: info.group, kind, name: info.name };
  throw refusedFields(object, loss, "this write would remove it; send a patch instead");
}

/** What would become of the object; undefined where upstream refuses the write anyway, and says so better. */
async function dryRun(
  parts: ProxyParts,
  { request, target, identity }: PassingResource,
  view: View,
): Promise<Json | undefined> {
  const separator = target.includes("?") ? "&" : "?";
  const held = await forwardHeld(parts.apiserver, request, {
    target: parametersOf(target).has("dryRun") ? target : `${target}${separator}dryRun=All`,
    identity,
    signal: request.signal,
    accept: jsonType,
    kind: "write",
  });
  const bytes = held.is === "held" ? plainBody(held) : undefined;
  if (held.status < 300 && bytes !== undefined) return parseJson(bytes) ?? {};
  const isAboutDryRuns = bytes !== undefined && /dry.?run/i.test(Buffer.from(bytes).toString());
  if (held.status < 500 && !isAboutDryRuns) return undefined;
  const names = view.trimming.map(({ name }) => JSON.stringify(name)).join(", ");
  throw unreadableAnswer(
    `whether this write would remove what the rules ${names} leave out could not be asked: upstream answered ${held.status}`,
  );
}
