import type { ResourceRequest } from "../api/request-info.ts";
import type { Floor } from "../cache/session-floors.ts";
import type { Answer } from "../codec/answer.ts";

/** What a write's answer was: `undefined` status when it was lost. */
export interface WriteOutcome {
  readonly status: number | undefined;
  readonly answer: Answer;
}

/** Subresources whose answers are the object's own, or its Scale with the object's resourceVersion (m). */
const ofTheObject = new Set([
  undefined,
  "status",
  "scale",
  "ephemeralcontainers",
  "finalize",
  "resize",
]);
/** Refusals by which the writer saw something old (CONTRACT 3). */
const sawOld = new Set([404, 409, 410, 412, 422]);
const refused = new Set([400, 401, 403, 405, 413, 415, 429]);
/** They change no object of their resource. */
const withoutEffect = new Set(["token", "exec", "attach", "portforward", "proxy", "log"]);

/**
 * What later reads have to show after this write: the table of CONTRACT 2, and CONTRACT 3. Pure. `undefined`: nothing.
 * Reviews have no scopes, so nothing is kept for them.
 */
export function floorOf(
  info: ResourceRequest,
  isDryRun: boolean,
  { status, answer }: WriteOutcome,
): Floor | undefined {
  if (isDryRun || withoutEffect.has(info.subresource ?? "")) return undefined;
  if (status === undefined || status >= 500 || sawOld.has(status)) return unsure(info, answer);
  if (refused.has(status)) return undefined;
  if (status < 200 || status >= 300) return unsure(info, answer);
  if (info.verb === "deletecollection") return { kind: "everything" };
  if (answer.is === "object" && ofTheObject.has(info.subresource)) return ofObject(info, answer);
  if (answer.is === "status" && info.verb === "delete" && answer.uid !== "")
    return { kind: "deleted", namespace: namespaceOf(info), name: answer.name, uid: answer.uid };
  return unsure(info, answer);
}

/** The request as one for the resource whose objects it changes: a POST of `bindings` changes a pod. */
export function toWrittenResource(info: ResourceRequest): ResourceRequest {
  return isBindings(info) ? { ...info, resource: "pods" } : info;
}

/** Whether the resource is `bindings`: its objects name a pod, and are kept nowhere. */
export function isBindings({ group, resource }: ResourceRequest): boolean {
  return group === "" && resource === "bindings";
}

function ofObject(info: ResourceRequest, answer: Extract<Answer, { is: "object" }>): Floor {
  const { item, deletion } = answer;
  const isDeletion =
    (info.verb === "update" || info.verb === "patch") &&
    deletion.hasTimestamp &&
    !deletion.hasFinalizers &&
    deletion.graceSeconds === 0;
  if (isDeletion)
    return { kind: "deleted", namespace: item.namespace, name: item.name, uid: item.uid };
  // A Scale has neither the labels nor the fields of its object: it is looked up when a read needs it.
  if (info.subresource === "scale") return lookUp(info, info.name);
  return { kind: "seen", object: item };
}

function unsure(info: ResourceRequest, answer: Answer): Floor {
  const name = info.name !== "" ? info.name : answer.is === "status" ? answer.name : "";
  return name === "" ? { kind: "everything" } : lookUp(info, name);
}

function lookUp(info: ResourceRequest, name: string): Floor {
  const { group, version, resource } = info;
  return { kind: "look up", gvr: { group, version, resource }, namespace: namespaceOf(info), name };
}

/** A Namespace is in no namespace, whatever its path says. */
function namespaceOf(info: ResourceRequest): string {
  return info.group === "" && info.resource === "namespaces" ? "" : info.namespace;
}
