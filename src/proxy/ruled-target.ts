import { noFields } from "../api/item.ts";
import { parametersOf } from "../api/query.ts";
import { badRequest, forbidden } from "../api/status.ts";
import { type ErrorForm, errorForm, mediaTypeOf } from "../codec/media-type.ts";
import type { Answer } from "../http/answer.ts";
import { memberOf, textIn } from "../rules/json.ts";
import type { View } from "../rules/view.ts";
import { raiseWritten } from "./forwarding.ts";
import type { ProxyParts } from "./parts.ts";
import { wantsPretty } from "./pretty.ts";
import { readBody, withBody } from "./ruled-body.ts";
import { asNotFound } from "./ruled-not-found.ts";
import {
  namespaceOf,
  objectIn,
  parseJson,
  type PassingResource,
  type ReadCurrent,
  selectableOf,
} from "./ruled-object.ts";
import type { Ruled } from "./ruled-request.ts";
import { writesWhole } from "./ruled-write.ts";
import { isBindings, toWrittenResource } from "./write-floors.ts";

/**
 * The request as one for the object that it acts on: a proxied name without its scheme and port, and the pod that a Binding
 * names. Its body is then the one that was read. Rejects where the body cannot be read, but rules may hide what it names.
 */
export async function toActedOn(passing: PassingResource, view: View): Promise<PassingResource> {
  const { info } = passing;
  if (info.verb === "proxy" || info.subresource === "proxy")
    return { ...passing, info: { ...info, name: proxiedName(info.name) } };
  const [hider] = view.hiding;
  if (!isBindings(info) || info.verb !== "create" || hider === undefined) return passing;
  const type = mediaTypeOf(passing.request.headers.get("content-type") ?? "");
  const by = `which the rule ${JSON.stringify(hider.name)} needs`;
  if (type !== "" && type !== "application/json")
    throw forbidden(`a Binding in ${type} cannot be looked into, ${by}; send it in JSON`);
  const binding = parseJson(await readBody(passing));
  if (binding === undefined) throw badRequest(`the Binding is no JSON, ${by}`);
  // Written anew: of two members with one name an apiserver merges what is in them.
  const body = new TextEncoder().encode(JSON.stringify(binding));
  return {
    ...withBody(passing, body),
    info: { ...toWrittenResource(info), name: textIn(memberOf(binding, "metadata"), "name") ?? "" },
  };
}

/** `name`, `name:port` or `scheme:name:port` (apimachinery, util/net SplitSchemeNamePort). */
function proxiedName(text: string): string {
  const [first = "", second = "", ...rest] = text.split(":");
  return rest.length === 1 ? second : first;
}

/**
 * The 404 to a request for an object that is hidden, or, where that cannot be told by its name, that is not there: both are
 * answered by the same read of upstream, so that nothing tells them apart. undefined where the object is shown, or none is
 * named; what creates the object goes on where there is none.
 */
export async function hiddenTarget(
  parts: ProxyParts,
  passing: PassingResource,
  ruled: Ruled,
  readCurrent: ReadCurrent,
): Promise<Answer | undefined> {
  const { info, request } = passing;
  const { view } = ruled;
  if (info.name === "" || view.hiding.length === 0) return undefined;
  const named = { name: info.name, namespace: namespaceOf(info), labels: {}, fields: noFields };
  const isHiddenByName = view.hiderOf(named)?.effect.what.by === "namePrefix";
  const mayBeHidden = view.hiding.some(({ effect }) => effect.what.by !== "namePrefix");
  if (!isHiddenByName && !mayBeHidden) return undefined;
  const looked = await readCurrent();
  if (!isHiddenByName) {
    const object = objectIn(looked, info);
    const isShown = object !== undefined && view.hiderOf(selectableOf(object)) === undefined;
    // A whole object may create what is not there.
    if (isShown || (object === undefined && writesWhole(request))) return undefined;
  }
  const isRead = request.method === "GET" || request.method === "HEAD";
  if (!isRead) raiseWritten(parts, passing, { status: 404, answer: { is: "unreadable" } });
  return asNotFound(info, looked.headers, errorFormOf(passing, ruled));
}

/** How upstream writes an error to this request. */
function errorFormOf({ head, target }: PassingResource, ruled: Ruled): ErrorForm {
  const { format, isPretty } = errorForm(head.accept);
  const query = parametersOf(target);
  const isAsked = ruled.isPretty || wantsPretty(query, false, head.isPerson);
  return { format, isPretty: isPretty || isAsked };
}
