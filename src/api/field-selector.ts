import { badRequest } from "./status.ts";

/** One condition on one field: `=` (also written `==`) or `!=`. */
export interface FieldRequirement {
  readonly path: string;
  readonly operator: "=" | "!=";
  readonly value: string;
}

/** A parsed fieldSelector: all requirements must hold. */
export class FieldSelector {
  /** Sorted, without repeats. */
  readonly requirements: readonly FieldRequirement[];
  /** The canonical form: equal for selectors that say the same in another order or spelling. An apiserver parses it to the same. */
  readonly text: string;

  constructor(requirements: readonly FieldRequirement[]) {
    const byText = new Map(requirements.map((each) => [formatRequirement(each), each]));
    const sorted = [...byText].toSorted(([a], [b]) => (a < b ? -1 : 1));
    this.requirements = sorted.map(([, requirement]) => requirement);
    this.text = sorted.map(([text]) => text).join(",");
  }

  /** Whether it selects every object. */
  get isEmpty(): boolean {
    return this.requirements.length === 0;
  }

  /** Whether an object is selected; `get` gives the value of a field, undefined (the empty value) where it has none. */
  matches(get: (path: string) => string | undefined): boolean {
    return this.requirements.every(
      ({ path, operator, value }) => ((get(path) ?? "") === value) === (operator === "="),
    );
  }

  /** The value that an `=` requirement asks of this field; undefined when none does (apimachinery, RequiresExactMatch). */
  requiredValue(path: string): string | undefined {
    return this.requirements.find((each) => each.path === path && each.operator === "=")?.value;
  }
}

/** Selects every object: what an absent or empty fieldSelector means. */
export const everyField: FieldSelector = new FieldSelector([]);

/**
 * Parses the grammar of apimachinery's fields.ParseSelector, escapes (`\\ \, \=`) included; throws `badRequest` in the words of
 * an apiserver. Whether a type has the fields that are named is not looked at: `isSelectableField` tells.
 */
export function parseFieldSelector(text: string): FieldSelector {
  const requirements = splitTerms(text)
    .toSorted()
    .filter((term) => term !== "")
    .map((term) => parseTerm(text, term))
    .filter(({ path, value }) => path !== "" || value !== "");
  return requirements.length === 0 ? everyField : new FieldSelector(requirements);
}

/**
 * True only when every object that `inner` selects is proved to be selected by `outer`. Conservative: each requirement of
 * `outer` must follow from a single one of `inner`.
 */
export function fieldSelectorCovers(outer: FieldSelector, inner: FieldSelector): boolean {
  return outer.requirements.every((wanted) =>
    inner.requirements.some((given) => given.path === wanted.path && implies(given, wanted)),
  );
}

function implies(given: FieldRequirement, wanted: FieldRequirement): boolean {
  const sameValue = given.value === wanted.value;
  return given.operator === wanted.operator ? sameValue : given.operator === "=" && !sameValue;
}

/** Cuts at the commas that no backslash stands before. */
function splitTerms(text: string): readonly string[] {
  return text.match(/(?:\\[\s\S]|[^\\,]|\\$)+/g) ?? [];
}

function parseTerm(selector: string, term: string): FieldRequirement {
  const operator = /!=|==|=/.exec(term);
  if (operator === null) {
    throw badRequest(`invalid selector: '${selector}'; can't understand '${term}'`);
  }
  return {
    path: term.slice(0, operator.index),
    operator: operator[0] === "!=" ? "!=" : "=",
    value: unescapeValue(term.slice(operator.index + operator[0].length)),
  };
}

function unescapeValue(text: string): string {
  return text.replace(/\\([\s\S]?)|[,=]/gu, (match, escaped: string | undefined) => {
    if (escaped === undefined) {
      const rune = match.codePointAt(0);
      throw badRequest(`invalid field selector: unescaped character in value: ${rune}`);
    }
    if (escaped === "" || !"\\,=".includes(escaped)) {
      throw badRequest(`invalid field selector: invalid escape sequence: ${match}`);
    }
    return escaped;
  });
}

function formatRequirement({ path, operator, value }: FieldRequirement): string {
  return `${path}${operator}${value.replace(/[\\,=]/g, "\\$&")}`;
}
