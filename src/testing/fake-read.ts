import { decodeContinue, encodeContinue } from "../api/continue-token.ts";
import { type ListOptions } from "../api/list-options.ts";
import { isSelectableField, selectableFields } from "../api/selectable-fields.ts";
import { selects } from "../api/selection.ts";
import { badRequest, expired, StatusError, tooLargeResourceVersion } from "../api/status.ts";
import { type FakeListMeta } from "./fake-protobuf.ts";
import { type FakeStore, type StoredObject } from "./fake-store.ts";
import { type FakeType } from "./fake-types.ts";

export interface FakeList {
  readonly meta: FakeListMeta;
  readonly items: readonly StoredObject[];
}

/** How long a read waits for a resourceVersion ahead of the store (apiserver, cacher blockTimeout). */
export const freshnessWaitMs = 3000;

/** Resolves once the store has the revision; throws the 504 of an apiserver after three seconds. */
export async function waitForRevision(store: FakeStore, asked: string): Promise<void> {
  const end = Date.now() + freshnessWaitMs;
  while (store.revision < Number(asked)) {
    if (Date.now() >= end) throw tooLargeResourceVersion(asked, String(store.revision));
    await Bun.sleep(20);
  }
}

/** The 400 for a field that the type is not selected by, in upstream's words. */
export function checkFields(type: FakeType, options: ListOptions): void {
  const { group, resource } = type.gvr;
  for (const { path } of options.fieldSelector.requirements) {
    if (isSelectableField(group, resource, path)) continue;
    throw badRequest(
      selectableFields(group, resource).length > 0
        ? `field label not supported: ${path}`
        : `"${path}" is not a known field selector: only "metadata.name", "metadata.namespace"`,
    );
  }
}

/** A LIST by the resourceVersion matrix of kube-apiserver 1.37. */
export async function readList(
  store: FakeStore,
  type: FakeType,
  namespace: string,
  options: ListOptions,
): Promise<FakeList> {
  checkFields(type, options);
  const { resourceVersion: asked } = options;
  const token = options.continue === "" ? undefined : decodeContinue(options.continue);
  const isAny = asked === "0" && options.resourceVersionMatch === "" && token === undefined;
  const limit = isAny || options.limit <= 0 ? Number.POSITIVE_INFINITY : options.limit;
  const range: Range = token === undefined ? narrowed(type, namespace, options) : { namespace };
  const exact =
    token === undefined
      ? exactVersion(options, range)
      : token.resourceVersion === "-1"
        ? undefined
        : token.resourceVersion;
  await waitForRevision(store, exact ?? (asked === "" ? "0" : asked));
  if (exact !== undefined && Number(exact) < store.compacted) {
    throw compacted(token?.startKey);
  }
  const revision = exact === undefined ? store.revision : Number(exact);
  const relative = (object: StoredObject) => (range.namespace === "" ? object.key : object.name);
  const rest = store
    .at(type, revision)
    .filter((object) => range.namespace === "" || object.namespace === range.namespace)
    .filter((object) => range.name === undefined || object.name === range.name)
    .filter((object) => token === undefined || relative(object) >= token.startKey);
  return page(rest, limit, String(revision), { namespace, ...options }, relative);
}

/** The 410 for a state that is gone; for a page with a token to go on with at the latest state (apiserver, etcd3/errors.go). */
function compacted(startKey: string | undefined): StatusError {
  if (startKey === undefined) {
    return expired("The resourceVersion for the provided list is too old.");
  }
  const { status } = expired(
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results.",
  );
  return new StatusError({ ...status, metadata: { continue: encodeContinue("-1", startKey) } });
}

interface Range {
  /** Empty: all. */
  readonly namespace: string;
  readonly name?: string;
}

/** A list without a token looks no further than the names in its field selector (registry/generic/registry/store.go, ListPredicate). */
function narrowed(type: FakeType, namespace: string, { fieldSelector }: ListOptions): Range {
  const asked = fieldSelector.requiredValue("metadata.namespace") ?? "";
  const isName = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(asked);
  const own = namespace === "" && isName ? asked : namespace;
  const name = fieldSelector.requiredValue("metadata.name");
  const isUsable = name !== undefined && !/^\.{0,2}$|[/%]/.test(name);
  if (!isUsable || (own === "" && type.scope === "Namespaced")) return { namespace: own };
  return { namespace: own, name };
}

/** The legacy reading: a number with a limit and no match is exact, but not of one key. */
function exactVersion(options: ListOptions, { name }: Range): string | undefined {
  const { resourceVersion, resourceVersionMatch: match, limit } = options;
  if (resourceVersion === "" || resourceVersion === "0") return undefined;
  const isLegacyExact = match === "" && limit > 0 && name === undefined;
  return match === "Exact" || isLegacyExact ? resourceVersion : undefined;
}

function page(
  rest: readonly StoredObject[],
  limit: number,
  resourceVersion: string,
  selection: ListOptions & { readonly namespace: string },
  relative: (object: StoredObject) => string,
): FakeList {
  const items: StoredObject[] = [];
  let seen = 0;
  while (seen < rest.length && items.length < limit) {
    const object = rest[seen];
    if (object !== undefined && selects(selection, object)) items.push(object);
    seen += 1;
  }
  const left = rest.length - seen;
  const last = rest[seen - 1];
  if (left === 0 || last === undefined) {
    return { items, meta: { resourceVersion, continue: "", remainingItemCount: undefined } };
  }
  const isWhole = selection.labelSelector.isEmpty && selection.fieldSelector.isEmpty;
  const next = encodeContinue(resourceVersion, `${relative(last)}\0`);
  return {
    items,
    meta: { resourceVersion, continue: next, remainingItemCount: isWhole ? left : undefined },
  };
}
