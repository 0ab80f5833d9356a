import type { Selectable } from "../api/selection.ts";
import { isFor, isForCaller, isForWriteOf, type Rule, type RuledRequest } from "./rule.ts";
import { withSameFields } from "./same-fields.ts";
import { View } from "./view.ts";

/** Combinations of rules that requests were for: as many as there are kinds of request, at most this many are kept. */
const maxViews = 256;

/** All rules, in order, and what requests see by them. */
export class RuleSet {
  readonly rules: readonly Rule[];
  /** Asked for every request. */
  readonly #looksAtAgents: boolean;
  #views = new Map<string, View>();

  constructor(rules: readonly Rule[]) {
    this.rules = rules;
    this.#looksAtAgents = rules.some(({ match }) => match.userAgents !== undefined);
  }

  /** Equal for sets that do the same. */
  get id(): string {
    return this.rules.map(({ id }) => id).join(" ");
  }

  /** What of a User-Agent matters: equal for callers that all rules treat alike. */
  classOf(userAgent: string): string {
    if (!this.#looksAtAgents) return "";
    const isMatched = ({ match }: Rule) => match.userAgents?.some((matches) => matches(userAgent));
    return this.rules.map((rule) => (isMatched(rule) === true ? "1" : "0")).join("");
  }

  /** What the request sees; undefined where no rule is for it. */
  viewOf(request: RuledRequest): View | undefined {
    const rules = this.rules.filter((rule) => isFor(rule, request));
    return this.#view(rules.map((rule) => withSameFields(rule, request)));
  }

  /** What this caller may see of the object by one request or another; undefined where no rule is for it. */
  viewOfWrite(request: RuledRequest, object: Selectable): View | undefined {
    const rules = this.rules.filter((rule) => isForWriteOf(rule, request, object));
    return this.#view(rules.map((rule) => withSameFields(rule, request)));
  }

  /** Whether a rule that leaves fields out may be for an object that this caller writes whole. */
  mayTrim(request: RuledRequest): boolean {
    return this.rules.some((rule) => rule.effect.is === "trim" && isForCaller(rule, request));
  }

  #view(rules: readonly Rule[]): View | undefined {
    if (rules.length === 0) return undefined;
    const key = rules.map(({ id }) => id).join(" ");
    const there = this.#views.get(key);
    if (there !== undefined) return there;
    if (this.#views.size >= maxViews) this.#views.clear();
    const view = new View(rules);
    this.#views.set(key, view);
    return view;
  }
}
