import { FieldSelector } from "../api/field-selector.ts";
import type { GroupVersionResource } from "../api/group-version-resource.ts";
import { everything } from "../api/label-selector.ts";
import { knownListKeys, type ListOptions, parseListOptions } from "../api/list-options.ts";
import { isPathSegmentName } from "../api/path-segment-name.ts";
import { parseQuery, splitTarget } from "../api/query.ts";
import { parseRequestInfo, type RequestInfo, type ResourceRequest } from "../api/request-info.ts";
import { readRequestTimeout } from "../api/request-timeout.ts";
import { isSelectableField } from "../api/selectable-fields.ts";
import { refusedRequest, StatusError } from "../api/status.ts";
import type { Scope } from "../cache/watch-cache.ts";
import type { Format } from "../codec/codec.ts";
import { codecOf } from "../codec/codecs.ts";
import { negotiate } from "../codec/media-type.ts";
import type { RuleSet } from "../rules/rule-set.ts";
import type { View } from "../rules/view.ts";
import { wantsPretty } from "./pretty.ts";
import type { RequestHead } from "./request-head.ts";
import { type Ruled, ruleRequest } from "./ruled-request.ts";

/** A GET, LIST or WATCH in a form that a cache can answer. */
export interface ReadRequest {
  readonly verb: "get" | "list" | "watch";
  readonly info: ResourceRequest;
  /** What it selects, in the encoding that it is answered in: the scope that would hold just this. */
  readonly scope: Scope;
  readonly options: ListOptions;
  readonly format: Format;
  /** The same read answered in JSON, where that is accepted too: of a type that has no protobuf. */
  readonly inJson: ReadRequest | undefined;
  readonly isPretty: boolean;
  /** What the rules leave of it; undefined where none is for it. */
  readonly view: View | undefined;
}

/** What a request is to us. `pass` goes upstream, for the reason that is said. */
export type Description =
  | { readonly is: "read"; readonly read: ReadRequest; readonly ruled: Ruled | undefined }
  | {
      readonly is: "pass";
      readonly info: RequestInfo;
      readonly because: string;
      readonly ruled: Ruled | undefined;
    }
  | { readonly is: "refuse"; readonly info: RequestInfo; readonly error: StatusError };

/** The parts of a request that its description depends on. */
export interface RequestParts {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly accept: string;
  readonly isPerson: boolean;
}

/** Whether an apiserver surely answers within the request's `timeout`, which it ignores for a watch. */
function leavesTime(query: URLSearchParams, verb: "get" | "list" | "watch"): boolean {
  if (verb === "watch") return true;
  const { is } = readRequestTimeout(query);
  return is === "default" || is === "given";
}

/** Describes a request. Pure, and the same for the same parts; what is not cached, or not implemented, or cannot be read passes. */
export function describeRequest(
  parts: RequestParts,
  isCacheable: (group: string, resource: string) => boolean,
): Description {
  const { path, query: queryText } = splitTarget(parts.target);
  const info = parseRequestInfo(parts.method, path, queryText);
  const pass = (because: string): Description => ({ is: "pass", info, because, ruled: undefined });
  if (parts.method !== "GET") return pass("no read");
  if (!info.isResourceRequest) return pass("no resource");
  const { verb, subresource } = info;
  if (verb !== "get" && verb !== "list" && verb !== "watch") return pass("no read");
  if (subresource !== undefined) return pass("a subresource");
  if (!isCacheable(info.group, info.resource)) return pass("a resource that is not cached");
  if (parts.target.length > maxReadTarget) return pass("a long target");
  // Below the legacy /watch/ prefix a path may name one object, which no selector says.
  if (verb !== "get" && info.parts.length > 1) return pass("a path that names an object");
  if (verb === "get" && !isPathSegmentName(info.name)) return pass("a name that no object has");
  const { format, acceptsJson, isPretty } = negotiate(parts.accept);
  if (format === "other") return pass("a media type that is not cached");
  const query = parseQuery(queryText);
  // A GET of one object does not read what a list does (m), but other keys may mean something to another release.
  for (const key of query.keys()) if (!knownListKeys.has(key)) return pass(`the query key ${key}`);
  if (!leavesTime(query, verb)) return pass("a timeout that upstream has to judge");
  const options = readOptions(verb === "get" ? versionIn(query) : queryText, verb);
  if (options === undefined) return pass("a query that upstream has to refuse");
  if ((options.timeoutSeconds ?? 0) < 0) return pass("a deadline that has passed");
  const gvr = { group: info.group, version: info.version, resource: info.resource };
  if (options.fieldSelector.requirements.some((each) => !isSelectable(gvr, each.path)))
    return pass("a field that is not known to be selectable");
  const namespace = info.resource === "namespaces" && info.group === "" ? "" : info.namespace;
  const as = (chosen: Format, inJson: ReadRequest | undefined): ReadRequest => ({
    verb,
    info,
    scope: {
      gvr,
      codec: codecOf(chosen),
      namespace,
      labelSelector: verb === "get" ? everything : options.labelSelector,
      fieldSelector: verb === "get" ? named(info.name) : options.fieldSelector,
    },
    options,
    format: chosen,
    inJson,
    isPretty: chosen === "json" && wantsPretty(query, isPretty, parts.isPerson),
    view: undefined,
  });
  const twin = format === "protobuf" && acceptsJson ? as("json", undefined) : undefined;
  return { is: "read", read: as(format, twin), ruled: undefined };
}

/** A GET reads the one object that a scope by name would hold. */
function named(name: string): FieldSelector {
  return new FieldSelector([{ path: "metadata.name", operator: "=", value: name }]);
}

function isSelectable(gvr: GroupVersionResource, path: string): boolean {
  return isSelectableField(gvr.group, gvr.resource, path);
}

/** All that a GET of one object reads of a list's options (m, 1.33 and 1.37). */
function versionIn(query: URLSearchParams): string {
  const version = query.get("resourceVersion") ?? "";
  return version === "" ? "" : `resourceVersion=${encodeURIComponent(version)}`;
}

function readOptions(query: string, verb: "get" | "list" | "watch"): ListOptions | undefined {
  try {
    return parseListOptions(query, verb === "watch" ? "watch" : "list");
  } catch (error) {
    if (error instanceof StatusError) return undefined;
    throw error;
  }
}

/** How many descriptions are kept: informers repeat few requests, and a scan over many names only turns the memory over. */
const maxRemembered = 2048;
/** A longer target is no read of a scope: its selectors are not even parsed. */
const maxReadTarget = 16 << 10;
/** A request of more characters than this is described each time. */
const maxRememberedLength = 4096;
/** All requests that are remembered have at most so many characters. */
const maxRememberedTotal = 512 << 10;

interface Known extends Omit<RequestParts, "target"> {
  /** What of the caller's User-Agent matters to rules. */
  readonly agentClass: string;
  readonly description: Description;
}

/** Descriptions by what they depend on, so that a repeated request is read once. */
export class Descriptions {
  readonly #isCacheable: (group: string, resource: string) => boolean;
  readonly #currentRules: () => RuleSet;
  #rules: RuleSet;
  #byTarget = new Map<string, Known[]>();
  #size = 0;
  #length = 0;

  constructor(
    isCacheable: (group: string, resource: string) => boolean,
    currentRules: () => RuleSet,
  ) {
    this.#isCacheable = isCacheable;
    this.#currentRules = currentRules;
    this.#rules = currentRules();
  }

  /** The same object for the same parts, as long as it is remembered. */
  of(method: string, target: string, head: RequestHead): Description {
    const { accept, isPerson, userAgent } = head;
    const rules = this.#currentRules();
    if (rules !== this.#rules) this.#forget(rules);
    const agentClass = rules.classOf(userAgent);
    for (const known of this.#byTarget.get(target) ?? []) {
      if (
        known.accept === accept &&
        known.method === method &&
        known.isPerson === isPerson &&
        known.agentClass === agentClass
      )
        return known.description;
    }
    const parts = { method, accept, isPerson };
    const description = this.#describe({ ...parts, target }, userAgent);
    this.#remember(target, { ...parts, agentClass, description });
    return description;
  }

  /** What requests see may be another now. */
  #forget(rules: RuleSet): void {
    this.#rules = rules;
    this.#clear();
  }

  #clear(): void {
    this.#byTarget.clear();
    this.#size = 0;
    this.#length = 0;
  }

  #remember(target: string, known: Known): void {
    const length = target.length + known.accept.length + known.agentClass.length;
    if (length > maxRememberedLength) return;
    if (this.#size >= maxRemembered || this.#length + length > maxRememberedTotal) this.#clear();
    this.#length += length;
    const there = this.#byTarget.get(target);
    if (there === undefined) this.#byTarget.set(target, [known]);
    else there.push(known);
    this.#size++;
  }

  #describe(parts: RequestParts, userAgent: string): Description {
    const description = describeRequest(parts, this.#isCacheable);
    const info = infoOf(description);
    if (!info.isResourceRequest || this.#rules.rules.length === 0) return description;
    if (parts.target.length > maxReadTarget) {
      const message = `a target of more than ${maxReadTarget} bytes is not judged by rules`;
      return { is: "refuse", info, error: refusedRequest(414, message) };
    }
    try {
      const ruled = ruleRequest(this.#rules, info, { ...parts, userAgent });
      if (ruled === undefined) return description;
      // In the form that it is sent in it may be one that a scope answers; what is hidden there needs no selector.
      const sent = { ...parts, target: ruled.asked, accept: ruled.accept ?? parts.accept };
      return withRules(describeRequest(sent, this.#isCacheable), ruled);
    } catch (error) {
      if (error instanceof StatusError) return { is: "refuse", info, error };
      throw error;
    }
  }
}

function withRules(description: Description, ruled: Ruled): Description {
  if (description.is === "refuse") return description;
  if (description.is === "pass") return { ...description, ruled };
  const { view } = ruled;
  const inView = (read: ReadRequest): ReadRequest => ({
    ...read,
    view,
    isPretty: read.format === "json" && ruled.isPretty,
  });
  const { inJson } = description.read;
  const twin = inJson && inView(inJson);
  return { is: "read", read: { ...inView(description.read), inJson: twin }, ruled };
}

/** The request, whatever becomes of it. */
export function infoOf(description: Description): RequestInfo {
  return description.is === "read" ? description.read.info : description.info;
}
