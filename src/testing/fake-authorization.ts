import { type RequestInfo } from "../api/request-info.ts";
import { StatusError, unauthorized } from "../api/status.ts";

/** Whose token it is; without one, anonymous. Throws 401 for an unknown one. */
export function authenticate(authorization: string): string {
  switch (authorization) {
    case "":
      return "system:anonymous";
    case "Bearer admin-token":
      return "admin";
    case "Bearer alice-token":
      return "alice";
  }
  throw unauthorized("Unauthorized");
}

const open = new Set(["/livez", "/readyz", "/healthz", "/version"]);

/** The admin may all, others see health, version and, where known, discovery; throws the 403 of an apiserver. */
export function authorize(user: string, info: RequestInfo): void {
  if (user === "admin") return;
  if (!info.isResourceRequest) {
    if (open.has(info.path) || user === "alice") return;
    throw forbiddenTo(`forbidden: User "${user}" cannot ${info.verb} path "${info.path}"`, {});
  }
  const { group, resource, namespace, name, verb } = info;
  const of = group === "" ? resource : `${resource}.${group}`;
  const what = `${of}${name === "" ? "" : ` "${name}"`} is forbidden: User "${user}" cannot ${verb}`;
  const where = namespace === "" ? "at the cluster scope" : `in the namespace "${namespace}"`;
  const message = `${what} resource "${resource}" in API group "${group}" ${where}`;
  throw forbiddenTo(message, {
    ...(name === "" ? {} : { name }),
    ...(group === "" ? {} : { group }),
    kind: resource,
  });
}

function forbiddenTo(message: string, details: Readonly<Record<string, string>>): StatusError {
  const head = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure" } as const;
  return new StatusError({ ...head, message, reason: "Forbidden", details, code: 403 });
}
