import { decodeContinue } from "../api/continue-token.ts";
import type { ListOptions } from "../api/list-options.ts";
import { isPathSegmentName } from "../api/path-segment-name.ts";
import { isResourceVersion, type ResourceVersion } from "../api/resource-version.ts";

/** How fresh a read must be. `session`: CONTRACT 2 to 4; `exact`: linearizable; `any`: whatever is held. */
export type Freshness =
  | { readonly kind: "session" }
  | { readonly kind: "exact" }
  | { readonly kind: "any" }
  | { readonly kind: "at least"; readonly resourceVersion: ResourceVersion };

/** What a LIST shows of a scope. */
export type ListView =
  | {
      readonly state: "latest";
      readonly freshness: Freshness;
      readonly startKey: string;
      readonly limit: number;
    }
  | {
      readonly state: "exactly";
      readonly resourceVersion: ResourceVersion;
      readonly startKey: string;
      readonly limit: number;
    };

/** Where a WATCH begins in a scope. */
export type WatchView =
  | { readonly begin: "initial events"; readonly freshness: Freshness }
  | { readonly begin: "latest"; readonly freshness: Freshness }
  | { readonly begin: "after"; readonly resourceVersion: ResourceVersion };

/** `undefined`: only upstream can read it. */
export type ReadConsistency = "session" | "exact" | "any";

/**
 * What a LIST asks for, by the resourceVersion matrix of kube-apiserver 1.37 (KUBERNETES.md 2; storage/cacher/delegator).
 * The namespace is that of the path, empty for all. Pure. `undefined` where only upstream can tell.
 */
export function decideList(
  options: ListOptions,
  consistency: ReadConsistency,
  namespace: string,
): ListView | undefined {
  const { resourceVersion: version, resourceVersionMatch: match } = options;
  const limit = Math.max(0, options.limit);
  if (options.continue !== "") return decideContinue(options, consistency);
  if (version === "")
    return { state: "latest", freshness: { kind: consistency }, startKey: "", limit };
  // RV 0 returns the whole list whatever the limit (cacher.go, GetList).
  if (version === "0")
    return { state: "latest", freshness: { kind: "any" }, startKey: "", limit: 0 };
  if (!isResourceVersion(version)) return undefined;
  const isLegacyExact = match === "" && limit > 0 && !isOfOneKey(options, namespace);
  if (match === "Exact" || isLegacyExact)
    return { state: "exactly", resourceVersion: version, startKey: "", limit };
  return {
    state: "latest",
    freshness: { kind: "at least", resourceVersion: version },
    startKey: "",
    limit,
  };
}

const namespaceForm = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

/**
 * Whether a LIST is of one key, as its field selector names it: such a one has no pages, and the legacy reading of a version with
 * a limit is not for it (m; registry/generic/registry/store.go, ListPredicate). Over all namespaces the selector has to name the
 * namespace too. Of what lives in none it cannot be told here: exactly that version is not older than it either.
 */
function isOfOneKey({ fieldSelector }: ListOptions, namespace: string): boolean {
  const name = fieldSelector.requiredValue("metadata.name") ?? "";
  if (name === "" || !isPathSegmentName(name)) return false;
  return (
    namespace !== "" || namespaceForm.test(fieldSelector.requiredValue("metadata.namespace") ?? "")
  );
}

function decideContinue(options: ListOptions, consistency: ReadConsistency): ListView | undefined {
  const { resourceVersion, startKey } = decodeContinue(options.continue);
  const limit = Math.max(0, options.limit);
  if (resourceVersion === "-1")
    return { state: "latest", freshness: { kind: consistency }, startKey, limit };
  if (!isResourceVersion(resourceVersion)) return undefined;
  return { state: "exactly", resourceVersion, startKey, limit };
}

/** What a GET asks for (KUBERNETES.md 3). Pure. */
export function decideGet(version: string, consistency: ReadConsistency): Freshness | undefined {
  if (version === "") return { kind: consistency };
  if (version === "0") return { kind: "any" };
  return isResourceVersion(version) ? { kind: "at least", resourceVersion: version } : undefined;
}

/** Where a WATCH begins (KUBERNETES.md 5). The options are defaulted: a legacy one asks for initial events. Pure. */
export function decideWatch(
  options: ListOptions,
  consistency: ReadConsistency,
): WatchView | undefined {
  const version = options.resourceVersion;
  const freshness = decideGet(version, consistency);
  if (freshness === undefined) return undefined;
  if (options.sendInitialEvents === true) return { begin: "initial events", freshness };
  if (freshness.kind === "at least")
    return { begin: "after", resourceVersion: freshness.resourceVersion };
  return { begin: "latest", freshness };
}
