import { parseInt64 } from "./go-integer.ts";
import type { Labels } from "./item.ts";
import { parseLabelRequirements } from "./label-selector-parser.ts";

/**
 * One condition on one label. `in` and `=` are both `in`, `notin` and `!=` both `notin`; `values` is sorted and without
 * repeats, one integer for `gt` and `lt`, empty for `exists` and `!`.
 */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: "in" | "notin" | "exists" | "!" | "gt" | "lt";
  readonly values: readonly string[];
}

/** A parsed labelSelector: all requirements must hold. */
export class LabelSelector {
  /** Sorted, without repeats. */
  readonly requirements: readonly LabelRequirement[];
  /** The canonical form: equal for selectors that say the same in another order or spelling. An apiserver parses it to the same. */
  readonly text: string;

  constructor(requirements: readonly LabelRequirement[]) {
    const byText = new Map(requirements.map((each) => [formatRequirement(each), each]));
    const sorted = [...byText].toSorted(([a], [b]) => (a < b ? -1 : 1));
    this.requirements = sorted.map(([, requirement]) => requirement);
    this.text = sorted.map(([text]) => text).join(",");
  }

  /** Whether it selects every object. */
  get isEmpty(): boolean {
    return this.requirements.length === 0;
  }

  /** Whether an object with these labels is selected (apimachinery, labels.Requirement.Matches). */
  matches(labels: Labels): boolean {
    return this.requirements.every((requirement) =>
      meets(
        Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined,
        requirement,
      ),
    );
  }
}

/** Selects every object: what an absent or empty labelSelector means. */
export const everything: LabelSelector = new LabelSelector([]);

/** Parses the full grammar of apimachinery's labels.Parse; throws `badRequest` in the words of an apiserver 1.37. */
export function parseLabelSelector(text: string): LabelSelector {
  const requirements = text === "" ? [] : parseLabelRequirements(text);
  return requirements.length === 0 ? everything : new LabelSelector(requirements);
}

/**
 * True only when every object that `inner` selects is proved to be selected by `outer`. Conservative: each requirement of
 * `outer` must follow from a single one of `inner`.
 */
export function labelSelectorCovers(outer: LabelSelector, inner: LabelSelector): boolean {
  return outer.requirements.every((wanted) =>
    inner.requirements.some((given) => given.key === wanted.key && implies(given, wanted)),
  );
}

function meets(value: string | undefined, requirement: LabelRequirement): boolean {
  switch (requirement.operator) {
    case "in":
      return value !== undefined && requirement.values.includes(value);
    case "notin":
      return value === undefined || !requirement.values.includes(value);
    case "exists":
      return value !== undefined;
    case "!":
      return value === undefined;
    case "gt":
      return compareIntegers(value, requirement, (label, bound) => label > bound);
    case "lt":
      return compareIntegers(value, requirement, (label, bound) => label < bound);
  }
}

function compareIntegers(
  value: string | undefined,
  requirement: LabelRequirement,
  holds: (label: bigint, bound: bigint) => boolean,
): boolean {
  if (value === undefined) return false;
  const label = parseInt64(value);
  const bound = parseInt64(requirement.values[0] ?? "");
  return label.ok && bound.ok && holds(label.value, bound.value);
}

/** Both of one key: whether every value, or absence, that meets `given` meets `wanted`. */
function implies(given: LabelRequirement, wanted: LabelRequirement): boolean {
  if (given.operator === "in") return given.values.every((value) => meets(value, wanted));
  if (given.operator === "!") return meets(undefined, wanted);
  switch (wanted.operator) {
    case "notin":
      return wanted.values.every((value) => !meets(value, given));
    case "exists":
      return !meets(undefined, given);
    case "gt":
      return given.operator === "gt" && !isBeyond(wanted, given);
    case "lt":
      return given.operator === "lt" && !isBeyond(given, wanted);
    case "in":
    case "!":
      return false;
  }
}

function isBeyond(a: LabelRequirement, b: LabelRequirement): boolean {
  return compareIntegers(a.values[0], b, (left, right) => left > right);
}

function formatRequirement({ key, operator, values }: LabelRequirement): string {
  switch (operator) {
    case "in":
      return values.length === 1 ? `${key}=${values[0]}` : `${key} in (${values.join(",")})`;
    case "notin":
      return values.length === 1 ? `${key}!=${values[0]}` : `${key} notin (${values.join(",")})`;
    case "exists":
      return key;
    case "!":
      return `!${key}`;
    case "gt":
      return `${key}>${values[0]}`;
    case "lt":
      return `${key}<${values[0]}`;
  }
}
