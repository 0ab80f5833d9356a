import { decodeListOptions, parseQueryBoolean } from "./list-options.ts";
import { isPathSegmentName } from "./path-segment-name.ts";
import { decodePath, parseQuery } from "./query.ts";
import { StatusError } from "./status.ts";

/** A request for an API resource. Namespace, name and parts are percent-decoded. */
export interface ResourceRequest {
  readonly isResourceRequest: true;
  /**
   * get, list, watch, create, update, patch, delete, deletecollection, proxy; empty for any other method. It does not tell the
   * method apart: HEAD is get or list as well, and everything below the legacy `/watch/` and `/proxy/` prefixes has their verb.
   */
  readonly verb: string;
  /** As it came, still percent-encoded. */
  readonly path: string;
  readonly apiPrefix: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string | undefined;
  /** Empty: none, or all. For `namespaces/a` it is `a`, as the name is, though a Namespace is in no namespace (upstream's reading). */
  readonly namespace: string;
  /** Empty: none. For a list or watch it is the `metadata.name` that the fieldSelector requires. */
  readonly name: string;
  /** The path's segments from the resource on. */
  readonly parts: readonly string[];
}

/** Everything else: discovery, health, metrics, and paths that an apiserver cannot read. */
export interface NonResourceRequest {
  readonly isResourceRequest: false;
  /** The method in lower case. */
  readonly verb: string;
  /** As it came, still percent-encoded. */
  readonly path: string;
}

export type RequestInfo = ResourceRequest | NonResourceRequest;

const verbs: Readonly<Record<string, string>> = {
  POST: "create",
  GET: "get",
  HEAD: "get",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

/**
 * What a request asks for, as an apiserver reads it (apiserver, endpoints/request/requestinfo.go). `path` is the URL's path still
 * percent-encoded, `query` the raw query string without `?`. Never throws: what upstream refuses to read (`//api`, `/api/v1/watch`, a
 * bad percent escape) is a NonResourceRequest.
 */
export function parseRequestInfo(method: string, path: string, query: string): RequestInfo {
  const nonResource: NonResourceRequest = {
    isResourceRequest: false,
    verb: method.toLowerCase(),
    path,
  };
  // Upstream's mux finds nothing below "//", whatever RequestInfo says of it.
  const decoded = path.startsWith("//") ? undefined : decodePath(path);
  const [apiPrefix, ...segments] = splitPath(decoded ?? "");
  if (apiPrefix !== "api" && apiPrefix !== "apis") return nonResource;
  const group = apiPrefix === "api" ? "" : segments.shift();
  const [version, ...rest] = segments;
  if (group === undefined || version === undefined || rest[0] === undefined) return nonResource;
  const special = rest[0] === "watch" || rest[0] === "proxy" ? rest.shift() : undefined;
  if (rest[0] === undefined) return nonResource;

  const { namespace, parts } = splitNamespace(rest);
  const [resource = "", name = "", subresource] = parts;
  const request: ResourceRequest = {
    isResourceRequest: true,
    verb: special ?? verbs[method] ?? "",
    path,
    apiPrefix,
    group,
    version,
    resource,
    subresource: special === "proxy" || subresource === "" ? undefined : subresource,
    namespace,
    name,
    parts,
  };
  return name === "" ? withCollectionVerb(request, query) : request;
}

/** `namespaces/a/pods/b` is `pods/b` in `a`; `namespaces/a/status` and `/finalize` are the Namespace's own. */
function splitNamespace(segments: readonly string[]): {
  readonly namespace: string;
  readonly parts: readonly string[];
} {
  const [first, namespace, kind] = segments;
  if (first !== "namespaces" || namespace === undefined) return { namespace: "", parts: segments };
  const isOwn = kind === undefined || kind === "status" || kind === "finalize";
  return { namespace, parts: isOwn ? segments : segments.slice(2) };
}

/** Without a name, get is list or watch, and delete is deletecollection. */
function withCollectionVerb(request: ResourceRequest, query: string): ResourceRequest {
  if (request.verb === "delete") return { ...request, verb: "deletecollection" };
  if (request.verb !== "get") return request;
  const parameters = parseQuery(query);
  const isWatch = parseQueryBoolean(parameters.get("watch")) ?? false;
  return { ...request, verb: isWatch ? "watch" : "list", name: selectedName(parameters) };
}

/** The name that the fieldSelector requires; empty when options cannot be read or the name could be no path segment. */
function selectedName(parameters: URLSearchParams): string {
  try {
    const name = decodeListOptions(parameters).fieldSelector.requiredValue("metadata.name") ?? "";
    return isPathSegmentName(name) ? name : "";
  } catch (error) {
    if (error instanceof StatusError) return "";
    throw error;
  }
}

function splitPath(path: string): readonly string[] {
  const trimmed = path.replace(/^\/+|\/+$/g, "");
  return trimmed === "" ? [] : trimmed.split("/");
}
