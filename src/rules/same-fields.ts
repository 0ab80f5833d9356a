import type { FieldTree } from "../api/field-path.ts";
import { sharesStore } from "../api/same-objects.ts";
import type { Rule, RuledRequest } from "./rule.ts";

/** The fields of an Event that its two groups name otherwise: in the core group, in events.k8s.io (kubernetes, pkg/apis/events/v1/conversion.go). */
const ofEvents: readonly (readonly [string, string])[] = [
  ["count", "deprecatedCount"],
  ["firstTimestamp", "deprecatedFirstTimestamp"],
  ["involvedObject", "regarding"],
  ["lastTimestamp", "deprecatedLastTimestamp"],
  ["message", "note"],
  ["reportingComponent", "reportingController"],
  ["source", "deprecatedSource"],
];

const events = { group: "", resource: "events" };
const renamed = new WeakMap<Rule, Rule>();

/** The rule as it is for the objects of a request: a field that it names is meant under the names of all groups that serve them. */
export function withSameFields(rule: Rule, request: RuledRequest): Rule {
  const { effect } = rule;
  if (effect.is !== "trim" || !sharesStore(events, request)) return rule;
  const there = renamed.get(rule);
  if (there !== undefined) return there;
  const fields = underBothNames(effect.trim.fields);
  const made = {
    ...rule,
    id: `${rule.id}/events`,
    effect: { ...effect, trim: { ...effect.trim, fields } },
  };
  renamed.set(rule, made);
  return made;
}

function underBothNames(tree: FieldTree): FieldTree {
  const members = new Map(tree.members);
  for (const [one, other] of ofEvents) {
    const fields = members.get(one) ?? members.get(other);
    if (fields !== undefined) members.set(one, fields).set(other, fields);
  }
  return { ...tree, members };
}
