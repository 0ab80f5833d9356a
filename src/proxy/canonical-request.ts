import { parseFieldSelector } from "../api/field-selector.ts";
import { parseLabelSelector } from "../api/label-selector.ts";
import { knownListKeys, parseQueryBoolean } from "../api/list-options.ts";
import { parseQuery } from "../api/query.ts";
import type { RequestInfo } from "../api/request-info.ts";
import { StatusError } from "../api/status.ts";
import { negotiate } from "../codec/media-type.ts";
import { wantsPretty } from "./pretty.ts";
import type { RequestHead } from "./request-head.ts";

/** Two requests with equal forms, equal paths and the same caller are answered alike. */
export interface CanonicalRequest {
  readonly query: string;
  readonly accept: string;
}

/** A longer query is its own form: to parse it costs more than it saves. */
const maxParsedQuery = 4096;

/**
 * The one form of reads that an apiserver answers alike (m, 1.37: the bodies are equal): the first value of each key counts,
 * escapes and the order of keys do not, nor what has the default's value, nor the limit of time, which no answer shows.
 * A key that is not known is part of the form: another release may know it (CONTRACT 7).
 */
export function canonicalRequest(
  info: RequestInfo,
  query: string,
  { accept, isPerson }: Pick<RequestHead, "accept" | "isPerson">,
): CanonicalRequest {
  const negotiated = negotiate(accept);
  const form = negotiated.format === "json" ? "application/json" : withoutBlanks(accept);
  if (query.length > maxParsedQuery) return { query: `${query} ${isPerson}`, accept: form };
  const parameters = parseQuery(query);
  const pairs = new Map<string, string>();
  for (const [key, value] of parameters) {
    if (pairs.has(key) || key === "pretty" || key === "timeout") continue;
    const kept = keptValue(info, key, value);
    if (kept !== undefined) pairs.set(key, kept);
  }
  if (wantsPretty(parameters, negotiated.isPretty, isPerson)) pairs.set("pretty", "1");
  const sorted = [...pairs].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return { query: new URLSearchParams(sorted).toString(), accept: form };
}

/** Without the spaces between clauses and parameters, which no reader of an Accept header sees. */
function withoutBlanks(accept: string): string {
  return accept.replaceAll(/ *([,;]) */g, "$1").trim();
}

/** What of a parameter an answer depends on; undefined: nothing. */
function keptValue(info: RequestInfo, key: string, value: string): string | undefined {
  if (!info.isResourceRequest || !knownListKeys.has(key)) return value;
  if (info.verb === "get") return key === "resourceVersion" && value !== "" ? value : undefined;
  if (info.verb !== "list") return value;
  switch (key) {
    case "labelSelector":
      return selectorText(value, parseLabelSelector);
    case "fieldSelector":
      return selectorText(value, parseFieldSelector);
    case "limit":
      return value === "" || value === "0" ? undefined : value;
    case "continue":
    case "resourceVersion":
    case "resourceVersionMatch":
      return value === "" ? undefined : value;
    case "watch":
      return parseQueryBoolean(value) === true ? value : undefined;
    case "allowWatchBookmarks":
    case "timeoutSeconds":
      return undefined;
    default:
      return value;
  }
}

/** A selector's canonical text; one that does not parse stays as it came, and an empty one is none. */
function selectorText(
  value: string,
  parse: (text: string) => { readonly text: string },
): string | undefined {
  try {
    const { text } = parse(value);
    return text === "" ? undefined : text;
  } catch (error) {
    if (error instanceof StatusError) return value;
    throw error;
  }
}
