import { badRequest } from "../api/status.ts";
import { patchedFields } from "../rules/patched-fields.ts";
import { isForNamespace } from "../rules/rule.ts";
import type { View } from "../rules/view.ts";
import { readBody, withBody } from "./ruled-body.ts";
import { namespaceOf, parseJson, type PassingResource } from "./ruled-object.ts";
import { refusedFields } from "./ruled-refusal.ts";

/**
 * A patch by which its caller learns nothing of what is left out, ready to be sent. Rejects with 422 and the rule's name where a
 * JSON patch would copy, compare or look for such a field; other patches read nothing.
 */
export async function blindPatch(passing: PassingResource, view: View): Promise<PassingResource> {
  const { info, request } = passing;
  const type = request.headers.get("content-type") ?? "";
  const trimming = view.trimming.filter((rule) => isForNamespace(rule, namespaceOf(info)));
  const isJsonPatch = request.method === "PATCH" && type.startsWith("application/json-patch");
  if (!isJsonPatch || trimming.length === 0) return passing;
  const body = await readBody(passing);
  const patch = parseJson(body);
  const told = trimming.flatMap(({ name: rule, effect }) => {
    const fields = patch === undefined ? undefined : patchedFields(patch, effect.trim);
    if (fields === undefined)
      throw badRequest(`the body is no JSON patch, which the rule ${JSON.stringify(rule)} needs`);
    return fields.map((field) => ({ rule, field }));
  });
  if (told.length > 0) {
    const { group, resource, name } = info;
    const why = "whether this patch applies would tell of it; send a merge patch instead";
    throw refusedFields({ group, kind: resource, name }, told, why);
  }
  return withBody(passing, body);
}
