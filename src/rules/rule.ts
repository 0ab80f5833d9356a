import type { LabelSelector } from "../api/label-selector.ts";
import { labelSelectorCovers } from "../api/label-selector.ts";
import type { Selectable } from "../api/selection.ts";
import type { Trim } from "../codec/trim.ts";

/** What a rule does to the objects that it is for. */
export type RuleEffect =
  { readonly is: "hide"; readonly what: Hidden } | { readonly is: "trim"; readonly trim: Trim };

/** The objects that are not shown. */
export type Hidden =
  | { readonly by: "namePrefix"; readonly prefix: string }
  | { readonly by: "labelSelector"; readonly selector: LabelSelector };

/** Which requests a rule is for, and of them which objects. */
export interface RuleMatch {
  /** The same for all groups that serve a resource's objects. */
  readonly isOfResource: (group: string, resource: string) => boolean;
  /** undefined: in all, and of what lives in none. */
  readonly namespaces: ReadonlySet<string> | undefined;
  /** undefined: for all. */
  readonly userAgents: readonly ((userAgent: string) => boolean)[] | undefined;
  /** What the request's own selector must imply. */
  readonly labelSelector: LabelSelector;
}

/** For some requests, what becomes of objects (CONTRACT 27). */
export interface Rule {
  readonly name: string;
  /** Differs between rules that do not do the same. */
  readonly id: string;
  readonly match: RuleMatch;
  readonly effect: RuleEffect;
  /** As it stands in the file. */
  readonly written: object;
}

/** What of a request rules look at. */
export interface RuledRequest {
  readonly group: string;
  readonly resource: string;
  /** Empty: all, or none. */
  readonly namespace: string;
  readonly userAgent: string;
  readonly labelSelector: LabelSelector;
}

/** Whether a rule is for objects of this request. Pure. */
export function isFor(rule: Rule, request: RuledRequest): boolean {
  const { labelSelector } = rule.match;
  return isForCaller(rule, request) && labelSelectorCovers(labelSelector, request.labelSelector);
}

/**
 * Whether a rule is for some request of this caller that shows this object: what was hidden or trimmed for a LIST by a
 * selector must not be lost by a write. Pure.
 */
export function isForWriteOf(rule: Rule, request: RuledRequest, object: Selectable): boolean {
  return isForCaller(rule, request) && rule.match.labelSelector.matches(object.labels);
}

/** Whether a rule is for requests of this caller to this place, whatever they select. Pure. */
export function isForCaller({ match }: Rule, request: RuledRequest): boolean {
  const { group, resource, namespace, userAgent } = request;
  return (
    match.isOfResource(group, resource) &&
    (match.namespaces === undefined || namespace === "" || match.namespaces.has(namespace)) &&
    (match.userAgents === undefined || match.userAgents.some((matches) => matches(userAgent)))
  );
}

/** Whether a rule, which is for the request, is for an object of this namespace too. */
export function isForNamespace({ match }: Rule, namespace: string): boolean {
  return match.namespaces === undefined || match.namespaces.has(namespace);
}

/** Whether the object is one of those hidden. */
export function isHidden(what: Hidden, object: Selectable): boolean {
  return what.by === "namePrefix"
    ? object.name.startsWith(what.prefix)
    : what.selector.matches(object.labels);
}
