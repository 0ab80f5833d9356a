import { formatGroupResource } from "../api/group-version-resource.ts";
import { type Status, StatusError } from "../api/status.ts";
import { type JsonObject } from "./fake-json.ts";
import { type FakeType } from "./fake-types.ts";

/** A failure as the generic handlers word it; without details of its own where none are given. */
export function failure(
  code: number,
  reason: string,
  message: string,
  details?: JsonObject,
): StatusError {
  const head = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure" } as const;
  const status: Status = {
    ...head,
    message,
    reason,
    ...(details === undefined ? {} : { details }),
    code,
  };
  return new StatusError(status);
}

/** What names an object in a Status. */
export function detailsOf(type: FakeType, name: string): JsonObject {
  const { group, resource } = type.gvr;
  return { name, ...(group === "" ? {} : { group }), kind: resource };
}

export function conflict(type: FakeType, name: string): StatusError {
  const of = formatGroupResource(type.gvr);
  const why =
    "the object has been modified; please apply your changes to the latest version and try again";
  const message = `Operation cannot be fulfilled on ${of} "${name}": ${why}`;
  return failure(409, "Conflict", message, detailsOf(type, name));
}

export function alreadyExists(type: FakeType, name: string): StatusError {
  const of = formatGroupResource(type.gvr);
  return failure(409, "AlreadyExists", `${of} "${name}" already exists`, detailsOf(type, name));
}

export function notServed(): StatusError {
  return failure(404, "NotFound", "the server could not find the requested resource", {});
}

export function methodNotAllowed(): StatusError {
  const message = "the server does not allow this method on the requested resource";
  return failure(405, "MethodNotAllowed", message, {});
}

/** 422 for one field of an object; `of` is its kind, with its group behind a dot. */
export function invalidField(of: string, name: string, field: string, why: string): StatusError {
  const [kind = "", ...group] = of.split(".");
  const cause = { reason: "FieldValueInvalid", message: why, field };
  const groupDetail = group.length === 0 ? {} : { group: group.join(".") };
  return failure(422, "Invalid", `${of} "${name}" is invalid: ${field}: ${why}`, {
    name,
    ...groupDetail,
    kind,
    causes: [cause],
  });
}
