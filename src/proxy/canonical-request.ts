import { parseFieldSelector } from "../api/field-selector.ts";
import { parseInt64 } from "../api/go-integer.ts";
import { parseLabelSelector } from "../api/label-selector.ts";
import { knownListKeys } from "../api/list-options.ts";
import { parseQuery, spelledPairs, spelledPath, splitTarget } from "../api/query.ts";
import type { RequestInfo } from "../api/request-info.ts";
import { readRequestTimeout } from "../api/request-timeout.ts";
import { StatusError } from "../api/status.ts";
import {
  type Clause,
  inPreference,
  jsonType,
  negotiate,
  parseAccept,
} from "../codec/media-type.ts";
import { wantsPretty } from "./pretty.ts";
import type { RequestHead } from "./request-head.ts";

/** What the answer to a GET depends on, but for who asks: an apiserver answers requests alike whose parts are equal. */
export interface CanonicalRequest {
  readonly path: string;
  /** Without the two below. `pretty=1` where JSON is indented, whatever asks for that. */
  readonly query: string;
  /** As it came; empty where the most recent state is asked for. */
  readonly resourceVersion: string;
  readonly accept: string;
  /** How long upstream may take, in nanoseconds; empty: its default. It changes no answer that comes in time. */
  readonly timeout: string;
}

/** How an apiserver reads a GET. `other`: not known here, as of a subresource with options of its own. */
type Reading = "object" | "list" | "discovery" | "fixed" | "other";

/** A longer target is its own form: to parse it costs more than it saves. */
const maxParsedTarget = 4096;

/**
 * The one form of GETs that an apiserver answers alike (m, 1.33 and 1.37: test/canonical-request.test.ts asks it): the first
 * value of each key counts; spellings, the order of keys and what has the default's value do not. What it refuses stays as it
 * came, and so does a key that is not known: another release may know it (CONTRACT 7).
 */
export function canonicalRequest(
  info: RequestInfo,
  target: string,
  { accept, isPerson }: Head,
): CanonicalRequest {
  const known = remembered.get(info);
  if (known?.target === target && known.accept === accept && known.isPerson === isPerson)
    return known.form;
  const form = readForm(info, target, { accept, isPerson });
  remembered.set(info, { target, accept, isPerson, form });
  return form;
}

type Head = Pick<RequestHead, "accept" | "isPerson">;

interface Known extends Head {
  readonly target: string;
  readonly form: CanonicalRequest;
}

/** The last form of each request that is described: those that repeat are read once. */
const remembered = new WeakMap<RequestInfo, Known>();

function readForm(info: RequestInfo, target: string, { accept, isPerson }: Head): CanonicalRequest {
  const { path, query } = splitTarget(target);
  const reading = readingOf(info);
  const negotiated = negotiate(accept);
  const form = negotiated.format === "json" ? jsonType : spelledAccept(reading, accept);
  if (reading === "other" || target.length > maxParsedTarget) {
    const forWhom = isPerson ? `${form} person` : form;
    return { path, query, resourceVersion: "", accept: forWhom, timeout: "" };
  }
  const { first, pairs } = readPairs(reading, query);
  const parameters = parseQuery(query);
  if (reading !== "fixed" && wantsPretty(parameters, negotiated.isPretty, isPerson))
    pairs.push(["pretty", "1"]);
  const timeout = readRequestTimeout(parameters);
  if (timeout.is === "malformed" || timeout.is === "short")
    pairs.push(["timeout", first.get("timeout") ?? ""]);
  return {
    path: pathOf(info, path),
    query: formatPairs(pairs),
    resourceVersion: first.get("resourceVersion") ?? "",
    accept: form,
    timeout: timeout.is === "given" ? String(timeout.ns) : "",
  };
}

/** As text, to look an answer up by. */
export function queryOf({ query, resourceVersion }: CanonicalRequest): string {
  if (resourceVersion === "") return query;
  return `${query}${query === "" ? "" : "&"}resourceVersion=${resourceVersion}`;
}

function readingOf(info: RequestInfo): Reading {
  if (!info.isResourceRequest) {
    if (/^\/apis?(?:\/|$)/.test(info.path)) return "discovery";
    return /^\/(?:version|openapi)(?:\/|$)/.test(info.path) ? "fixed" : "other";
  }
  if (info.verb === "list") return "list";
  const { verb, subresource } = info;
  const isObject = subresource === undefined || subresource === "status" || subresource === "scale";
  return verb === "get" && isObject ? "object" : "other";
}

/** Slashes at the end are nothing to what serves resources, and one is nothing to discovery and the version. */
function pathOf(info: RequestInfo, path: string): string {
  const spelled = spelledPath(path);
  if (info.isResourceRequest) return spelled.replace(/\/+$/, "");
  return /^\/(?:apis?\/|version\/$)/.test(spelled) ? spelled.replace(/\/$/, "") : spelled;
}

/** An Accept header in one spelling, the clauses in the order in which an apiserver tries them. */
function spelledAccept(reading: Reading, accept: string): string {
  // These are each read in a way of their own.
  if (reading === "fixed" || reading === "other")
    return accept.replaceAll(/ *([,;]) */g, "$1").trim();
  const clauses = parseAccept(accept);
  return (inPreference(clauses) ?? clauses).map(formatWhole).join(",");
}

function formatWhole({ type, parameters, weight }: Clause): string {
  const sorted = [...parameters].map(([name, value]) => `;${name}=${value}`).toSorted();
  return `${type}${sorted.join("")}${weight === undefined ? "" : `;q=${weight}`}`;
}

type Pair = readonly [key: string, value: string];

/** One line for pairs in the order of their keys; equal keys stay in their own. */
function formatPairs(pairs: readonly Pair[]): string {
  const sorted = pairs.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return sorted.map(([key, value]) => `${key}=${value}`).join("&");
}

const everywhere: ReadonlySet<string> = new Set(["pretty", "timeout"]);

interface ReadPairs {
  /** The first value of each key that is known. */
  readonly first: ReadonlyMap<string, string>;
  /** What the answer depends on, but for `pretty`, `timeout` and the resourceVersion. */
  readonly pairs: Pair[];
}

function readPairs(reading: Exclude<Reading, "other">, query: string): ReadPairs {
  const known = reading === "object" || reading === "list" ? knownListKeys : everywhere;
  const pairs: Pair[] = [];
  const first = new Map<string, string>();
  for (const [key, value] of spelledPairs(query)) {
    if (!known.has(key)) pairs.push([key, value]);
    else if (!first.has(key)) first.set(key, value);
  }
  if (reading !== "list") return { first, pairs };
  const isAnyVersion = first.get("resourceVersion") === "0";
  for (const [key, value] of first) {
    const kept = keptOfList(key, value, isAnyVersion);
    if (kept !== undefined) pairs.push([key, kept]);
  }
  return { first, pairs };
}

/** What of a parameter the answer to a LIST depends on; undefined: nothing. What upstream refuses stays as it came. */
function keptOfList(key: string, value: string, isAnyVersion: boolean): string | undefined {
  switch (key) {
    case "labelSelector":
      return selectorText(value, parseLabelSelector);
    case "fieldSelector":
      return selectorText(value, parseFieldSelector);
    case "limit": {
      const limit = integerIn(value);
      if (limit === undefined) return value;
      return limit > 0n ? String(limit) : undefined;
    }
    case "timeoutSeconds":
      return integerIn(value) === undefined ? value : undefined;
    case "continue":
      return value === "" ? undefined : value;
    case "resourceVersionMatch": {
      const isDefault = value === "" || (value === "NotOlderThan" && isAnyVersion);
      return isDefault ? undefined : value;
    }
    case "sendInitialEvents":
      return value;
  }
  // The others are for a watch, or are parts of the form by themselves.
  return undefined;
}

function integerIn(value: string): bigint | undefined {
  const parsed = parseInt64(value.replace("%2B", "+"));
  return parsed.ok ? parsed.value : undefined;
}

/** A selector's canonical text; an empty one is none. */
function selectorText(
  value: string,
  parse: (text: string) => { readonly text: string },
): string | undefined {
  try {
    const { text } = parse(decodeURIComponent(value));
    return text === "" ? undefined : encodeURIComponent(text);
  } catch (error) {
    if (error instanceof StatusError || error instanceof URIError) return value;
    throw error;
  }
}
