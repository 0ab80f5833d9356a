import { decodeContinue } from "./continue-token.ts";
import { type FieldSelector, parseFieldSelector } from "./field-selector.ts";
import { type ParsedInteger, parseInt64, parseUint64 } from "./go-integer.ts";
import { goQuote } from "./go-quote.ts";
import { type LabelSelector, parseLabelSelector } from "./label-selector.ts";
import { validateListOptions } from "./list-options-validation.ts";
import { parseQuery } from "./query.ts";
import { badRequest, unclassified } from "./status.ts";

/** The parameters of a LIST or WATCH (apimachinery, internalversion ListOptions). */
export interface ListOptions {
  readonly labelSelector: LabelSelector;
  readonly fieldSelector: FieldSelector;
  /** `""`, `"0"` or a number as it was written: one that `isResourceVersion` refuses (leading zeros) is for upstream to read. */
  readonly resourceVersion: string;
  readonly resourceVersionMatch: "" | "Exact" | "NotOlderThan";
  /** 0 or less: no limit. */
  readonly limit: number;
  readonly continue: string;
  /** Undefined or 0: upstream's default; negative: a deadline that has passed. */
  readonly timeoutSeconds: number | undefined;
  readonly allowWatchBookmarks: boolean;
  readonly sendInitialEvents: boolean | undefined;
  readonly watch: boolean;
}

/** The options as they were sent: decoded, not yet defaulted or validated. */
export interface DecodedListOptions extends Omit<ListOptions, "resourceVersionMatch"> {
  readonly resourceVersionMatch: string;
}

/**
 * Query keys that `parseListOptions`, or `pretty` and `timeout`, give meaning to; with any other key the read is not ours to
 * answer. Look the keys of `parseQuery(query)` up here: upstream drops malformed pairs, and so does that.
 */
export const knownListKeys: ReadonlySet<string> = new Set([
  "allowWatchBookmarks",
  "continue",
  "fieldSelector",
  "labelSelector",
  "limit",
  "pretty",
  "resourceVersion",
  "resourceVersionMatch",
  "sendInitialEvents",
  "timeout",
  "timeoutSeconds",
  "watch",
]);

/**
 * Parses, defaults and validates the raw query of a LIST or WATCH, in the order of kube-apiserver 1.37 (handlers/get.go). Throws
 * StatusError in its words: 400 for what cannot be read, 422 for what does not go together, 500 for a watch's resourceVersion
 * that is no number. Other releases word and judge some of it differently (1.33 has no WatchList), so while an upstream is
 * reachable it is the better one to refuse.
 */
export function parseListOptions(query: string, verb: "list" | "watch"): ListOptions {
  const decoded = decodeListOptions(parseQuery(query));
  const options = validateListOptions(
    verb === "watch"
      ? defaultWatchOptions({ ...decoded, watch: true })
      : { ...decoded, watch: false },
  );
  checkVersions(options);
  return options;
}

/** Reads the parameters without judging them together; throws `badRequest`, the first of upstream's reasons. */
export function decodeListOptions(query: URLSearchParams): DecodedListOptions {
  const timeoutSeconds = integer(query.get("timeoutSeconds"));
  const limit = integer(query.get("limit"));
  return {
    labelSelector: parseLabelSelector(query.get("labelSelector") ?? ""),
    fieldSelector: parseFieldSelector(query.get("fieldSelector") ?? ""),
    resourceVersion: query.get("resourceVersion") ?? "",
    resourceVersionMatch: query.get("resourceVersionMatch") ?? "",
    limit: limit ?? 0,
    continue: query.get("continue") ?? "",
    timeoutSeconds,
    allowWatchBookmarks: parseQueryBoolean(query.get("allowWatchBookmarks")) ?? false,
    sendInitialEvents: parseQueryBoolean(query.get("sendInitialEvents")),
    watch: parseQueryBoolean(query.get("watch")) ?? false,
  };
}

/** Absent is undefined; everything but `0` and `false` in any case is true, the empty value too (apimachinery, runtime/conversion.go). */
export function parseQueryBoolean(value: string | null): boolean | undefined {
  if (value === null) return undefined;
  return value !== "0" && value.toLowerCase() !== "false";
}

/** A watch from `""` or `0` that says no more is a WatchList (apimachinery, internalversion/defaults.go). */
export function defaultWatchOptions(options: DecodedListOptions): DecodedListOptions {
  const isLegacy =
    (options.resourceVersion === "" || options.resourceVersion === "0") &&
    options.resourceVersionMatch === "" &&
    options.sendInitialEvents === undefined;
  return isLegacy
    ? { ...options, sendInitialEvents: true, resourceVersionMatch: "NotOlderThan" }
    : options;
}

/** What upstream's storage refuses (storage/interfaces.go, ValidateListOptions), which a watch does not reach with `continue`. */
function checkVersions(options: ListOptions): void {
  const { resourceVersion, watch } = options;
  const hasVersion = resourceVersion !== "" && resourceVersion !== "0";
  if (!watch && options.continue !== "") {
    decodeContinue(options.continue);
    if (!hasVersion) return;
    throw badRequest("specifying resource version is not allowed when using continue");
  }
  if (!hasVersion) return;
  const parsed = parseUint64(resourceVersion);
  if (parsed.ok) return;
  const why = `resourceVersion: Invalid value: ${goQuote(resourceVersion)}: ${parsed.error}`;
  throw watch ? unclassified(why) : badRequest(`invalid resource version: ${why}`);
}

function integer(text: string | null): number | undefined {
  if (text === null) return undefined;
  const parsed: ParsedInteger = parseInt64(text);
  if (!parsed.ok) throw badRequest(parsed.error);
  return Number(parsed.value);
}
