import {
  everything,
  type LabelRequirement,
  type LabelSelector,
  parseLabelSelector,
} from "../api/label-selector.ts";
import { parametersOf, withParameter } from "../api/query.ts";
import type { ResourceRequest } from "../api/request-info.ts";
import { notAcceptable } from "../api/status.ts";
import { negotiate } from "../codec/media-type.ts";
import type { RuleSet } from "../rules/rule-set.ts";
import type { Rule } from "../rules/rule.ts";
import type { View } from "../rules/view.ts";
import { wantsPretty } from "./pretty.ts";
import { acceptUnder } from "./ruled-accept.ts";
import { withOpenContinue } from "./ruled-continue.ts";
import { isBindings, toWrittenResource } from "./write-floors.ts";

/** A request that rules are for: how it is sent, so that its answer can be looked into, and what is shown of that. */
export interface Ruled {
  readonly view: View;
  /** undefined: as it came. */
  readonly accept: string | undefined;
  /** Path and query. */
  readonly target: string;
  /** What the client asks for, with upstream's own token to go on by. */
  readonly asked: string;
  /** The client wants JSON indented: upstream sends it plain. */
  readonly isPretty: boolean;
  /** The client wants a Table without objects in its rows. */
  readonly stripsRows: boolean;
}

/** What of a request decides which rules are for it, and how it is sent. */
interface RuledParts {
  readonly target: string;
  readonly accept: string;
  readonly userAgent: string;
  readonly isPerson: boolean;
}

/** Subresources whose bodies are not the resource's objects: what rules leave out is not in them. */
const ofAnother = new Set([
  "attach",
  "binding",
  "eviction",
  "exec",
  "log",
  "portforward",
  "proxy",
  "scale",
  "token",
]);

/** Whether the request's and the answer's bodies are no objects of the resource: of rules only what hides is for them. */
export function isOfAnother(info: ResourceRequest): boolean {
  return info.verb === "proxy" || ofAnother.has(info.subresource ?? "") || isBindings(info);
}

/** Whether the answer is a Scale: fields of the object under the names that they have there, which rules leave out too. */
export function isScale({ subresource }: ResourceRequest, { view }: Pick<Ruled, "view">): boolean {
  return subresource === "scale" && view.trimming.length > 0;
}

const selecting = new Set(["list", "watch", "deletecollection"]);

/** What rules make of a request; undefined where none is for it. Throws `badRequest` for a selector that is none, `notAcceptable` for forms that no rule could be obeyed in. */
export function ruleRequest(
  rules: RuleSet,
  info: ResourceRequest,
  asked: RuledParts,
): Ruled | undefined {
  const { group, resource, namespace } = toWrittenResource(info);
  const { userAgent } = asked;
  const labelSelector = selectorOf(info, asked.target);
  const view = rules.viewOf({ group, resource, namespace, userAgent, labelSelector });
  if (view === undefined) return undefined;
  const target = withOpenContinue(asked.target);
  if (isOfAnother(info) && !isScale(info, { view }))
    return { view, accept: undefined, target, asked: target, isPretty: false, stripsRows: false };
  const chosen = acceptUnder(view, asked.accept);
  if (!("accept" in chosen)) throw notAcceptable(notObeyed(chosen));
  const withRows = withRowObjects(target);
  const stripsRows = view.hiding.length > 0 && withRows !== target;
  const sent = withoutHidden(view, info, stripsRows ? withRows : target);
  const isPretty = wantsPretty(
    parametersOf(target),
    negotiate(asked.accept).isPretty,
    asked.isPerson,
  );
  return {
    view,
    accept: chosen.accept,
    asked: target,
    target: isPretty ? withParameter(sent, "pretty", "0") : sent,
    isPretty,
    stripsRows,
  };
}

function notObeyed(rule: Rule): string {
  return `the rule ${JSON.stringify(rule.name)} cannot be obeyed in a form that is accepted; accept application/json too`;
}

function selectorOf({ verb }: ResourceRequest, target: string): LabelSelector {
  if (!selecting.has(verb)) return everything;
  return parseLabelSelector(parametersOf(target).get("labelSelector") ?? "");
}

/** Rows are told by their objects: where the client wants none they are asked for all the same. */
function withRowObjects(target: string): string {
  return target.replace(/(?<=[?&]includeObject=)None(?=&|$)/, "Metadata");
}

/**
 * The request without what is hidden by a single label, where that can be said in a selector: then upstream itself leaves it
 * out, of pages and of watches too, where an object that comes and goes is an ADDED and a DELETED.
 */
function withoutHidden(view: View, { verb, namespace }: ResourceRequest, target: string): string {
  if (verb !== "list" && verb !== "watch") return target;
  const opposites = view.hiding.flatMap((rule) => {
    const { what } = rule.effect;
    const isForAll = rule.match.namespaces === undefined || namespace !== "";
    if (what.by !== "labelSelector" || !isForAll) return [];
    return oppositeOf(what.selector) ?? [];
  });
  if (opposites.length === 0) return target;
  const before = parametersOf(target).get("labelSelector") ?? "";
  const selector = [...(before === "" ? [] : [before]), ...opposites].join(",");
  return withParameter(target, "labelSelector", selector);
}

/** A selector of what this one does not select; undefined where no list of requirements says it. */
export function oppositeOf({ requirements }: LabelSelector): string | undefined {
  const [only, ...others] = requirements;
  return only === undefined || others.length > 0 ? undefined : negated(only);
}

function negated({ key, operator, values }: LabelRequirement): string | undefined {
  switch (operator) {
    case "in":
      return `${key} notin (${values.join(",")})`;
    case "notin":
      return `${key} in (${values.join(",")})`;
    case "exists":
      return `!${key}`;
    case "!":
      return key;
    case "gt":
    case "lt":
      return undefined;
  }
}
