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
  const segments = splitPath(decoded ?? "");
  const apiPrefix = segments[0];
  if (apiPrefix !== "api" && apiPrefix !== "apis") return nonResource;
  const versionAt = apiPrefix === "api" ? 1 : 2;
  const group = apiPrefix === "api" ? "" : segments[1];
  const version = segments[versionAt];
  const first = segments[versionAt + 1];
  const special = first === "watch" || first === "proxy" ? first : undefined;
  const restAt = versionAt + (special === undefined ? 1 : 2);
  if (group === undefined || version === undefined || restAt >= segments.length) return nonResource;

  const { namespace, partsAt } = splitNamespace(segments, restAt);
  const parts = segments.slice(partsAt);
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
function splitNamespace(
  segments: readonly string[],
  at: number,
): { readonly namespace: string; readonly partsAt: number } {
  const namespace = segments[at + 1];
  if (segments[at] !== "namespaces" || namespace === undefined)
    return { namespace: "", partsAt: at };
  const kind = segments[at + 2];
  const isOwn = kind === undefined || kind === "status" || kind === "finalize";
  return { namespace, partsAt: isOwn ? at : at + 2 };
}

/** Without a name, get is list or watch, and delete is deletecollection. */
function withCollectionVerb(request: ResourceRequest, query: string): ResourceRequest {
  if (request.verb === "delete") return { ...request, verb: "deletecollection" };
  if (request.verb !== "get") return request;
  // A query that names neither of the two that matter here is not read, however long it is.
  if (!mayNameAWatch.test(query)) return { ...request, verb: "list" };
  const parameters = parseQuery(query);
  const isWatch = parseQueryBoolean(parameters.get("watch")) ?? false;
  return { ...request, verb: isWatch ? "watch" : "list", name: selectedName(parameters) };
}

/** `watch` or `fieldSelector`, or a key that is written with escapes. */
const mayNameAWatch = /watch|fieldSelector|(?:^|&)[^=&]*%/;

/** A selector that names one object is as long as a name; a long one names none, or more than one. */
const maxNamingSelector = 4096;

/** The name that the fieldSelector requires; empty when options cannot be read or the name could be no path segment. */
function selectedName(parameters: URLSearchParams): string {
  const selector = parameters.get("fieldSelector") ?? "";
  if (selector === "" || selector.length > maxNamingSelector) return "";
  try {
    const name = decodeListOptions(parameters).fieldSelector.requiredValue("metadata.name") ?? "";
    return isPathSegmentName(name) ? name : "";
  } catch (error) {
    if (error instanceof StatusError) return "";
    throw error;
  }
}

function splitPath(path: string): readonly string[] {
  let start = 0;
  let end = path.length;
  while (path[start] === "/") start++;
  while (end > start && path[end - 1] === "/") end--;
  return start === end ? [] : path.slice(start, end).split("/");
}
