import { decodePath, parseQuery } from "../api/query.ts";
import type { RequestInfo } from "../api/request-info.ts";

/** What of a request and of the head of its answer decides whether the answer may be kept. */
export interface ReplayCandidate {
  readonly method: string;
  readonly info: RequestInfo;
  /** As it came, without `?`. */
  readonly query: string;
  readonly status: number;
  /** The answer's headers, empty where there are none. */
  readonly contentType: string;
  readonly cacheControl: string;
  readonly vary: string;
}

/** Never on disk (CONTRACT 10): what is of the moment, what streams, and what gives rights. */
const momentary: ReadonlySet<string> = new Set([
  "configz",
  "debug",
  "flagz",
  "healthz",
  "livez",
  "logs",
  "metrics",
  "readyz",
  "statusz",
]);
const refusedSubresources: ReadonlySet<string> = new Set([
  "attach",
  "exec",
  "log",
  "portforward",
  "proxy",
  "token",
]);

/** Whether the answer may be given again later: the 200 of a GET that is none of what rule 10 keeps off the disk. */
export function isReplayable(candidate: ReplayCandidate): boolean {
  const { method, info, query, status, contentType, cacheControl, vary } = candidate;
  if (method !== "GET" || status !== 200) return false;
  if (/\bno-store\b/i.test(cacheControl) || vary.includes("*")) return false;
  if (/;\s*stream=watch/i.test(contentType)) return false;
  return info.isResourceRequest ? isLasting(info, query) : !momentary.has(firstSegment(info.path));
}

function isLasting(
  { verb, resource, subresource }: Extract<RequestInfo, { isResourceRequest: true }>,
  query: string,
): boolean {
  if (verb !== "get" && verb !== "list") return false;
  if (resource === "componentstatuses" || resource.endsWith("reviews")) return false;
  if (subresource !== undefined && refusedSubresources.has(subresource)) return false;
  return (parseQuery(query).get("continue") ?? "") === "";
}

function firstSegment(path: string): string {
  return (decodePath(path) ?? path).split("/").find((segment) => segment !== "") ?? "";
}
