import { parseInt64 } from "./go-integer.ts";
import { goQuote } from "./go-quote.ts";
import { type Token, tokenize } from "./label-selector-lexer.ts";
import type { LabelRequirement } from "./label-selector.ts";
import { labelKeyErrors, labelValueErrors } from "./label-syntax.ts";
import { badRequest, type StatusError } from "./status.ts";

type Operator = LabelRequirement["operator"];

const operators: ReadonlyMap<string, Operator> = new Map([
  ["in", "in"],
  ["notin", "notin"],
  ["=", "in"],
  ["==", "in"],
  ["!=", "notin"],
  [">", "gt"],
  ["<", "lt"],
]);

/** The requirements of a labelSelector in the order written; throws `badRequest` in upstream's words (apimachinery, labels.Parser). */
export function parseLabelRequirements(text: string): readonly LabelRequirement[] {
  return new Parser(tokenize(text)).parse();
}

class Parser {
  readonly #tokens: readonly Token[];
  #position = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  parse(): readonly LabelRequirement[] {
    const requirements: LabelRequirement[] = [];
    if (this.#peek().kind === "end") return requirements;
    if (!this.#startsRequirement()) {
      throw badRequest(`${found(this.#peek())}, expected: !, identifier, or 'end of string'`);
    }
    for (;;) {
      requirements.push(this.#requirement());
      const token = this.#next();
      if (token.kind === "end") return requirements;
      if (!is(token, ",")) throw badRequest(`${found(token)}, expected: ',' or 'end of string'`);
      if (!this.#startsRequirement()) {
        throw badRequest(`${found(this.#peek())}, expected: identifier after ','`);
      }
    }
  }

  #requirement(): LabelRequirement {
    const negated = is(this.#peek(), "!");
    if (negated) this.#next();
    const token = this.#next();
    if (token.kind !== "identifier") throw unable(`${found(token)}, expected: identifier`);
    const key = token.literal;
    const keyErrors = labelKeyErrors(key);
    if (keyErrors.length > 0) throw unable(invalid("<nil>", key, keyErrors.join("; ")));
    if (negated) return { key, operator: "!", values: [] };
    if (this.#atRequirementEnd()) return { key, operator: "exists", values: [] };
    return this.#withValues(key, this.#next());
  }

  #withValues(key: string, token: Token): LabelRequirement {
    const operator = operators.get(token.literal);
    if (operator === undefined) {
      throw unable(`${found(token)}, expected: in, notin, =, ==, !=, gt, lt`);
    }
    const isSet = token.kind === "identifier";
    const values = [...new Set(isSet ? this.#set() : [this.#exactValue()])].toSorted();
    const errors = valueErrors(key, operator, values);
    if (errors.length > 1) throw unable(`[${errors.join(", ")}]`);
    if (errors[0] !== undefined) throw unable(errors[0]);
    return { key, operator, values };
  }

  #exactValue(): string {
    if (this.#atRequirementEnd()) return "";
    const token = this.#next();
    if (token.kind !== "identifier") throw unable(`${found(token)}, expected: identifier`);
    return token.literal;
  }

  /** `(a,b)`; where a value is missing between the commas, it is the empty one. */
  #set(): readonly string[] {
    const open = this.#next();
    if (!is(open, "(")) throw unable(`${found(open)} expected: '('`);
    const first = this.#peek();
    if (first.kind !== "identifier" && !is(first, ",") && !is(first, ")")) {
      throw unable(`${found(first)}, expected: ',', ')' or identifier`);
    }
    const values: string[] = [];
    for (;;) {
      const token = this.#next();
      if (token.kind === "identifier") {
        values.push(token.literal);
        if (is(this.#peek(), ")")) break;
        if (!is(this.#peek(), ",")) throw unable(`${found(this.#peek())}, expected: ',' or ')'`);
        this.#next();
        if (this.#peek().kind === "identifier") continue;
        if (is(this.#peek(), ",") || is(this.#peek(), ")")) values.push("");
        if (is(this.#peek(), ")")) break;
      } else if (is(token, ",")) {
        values.push("");
        if (is(this.#peek(), ")")) break;
      } else if (is(token, ")")) {
        return [""];
      } else {
        throw unable(`${found(token)}, expected: ',', or identifier`);
      }
    }
    this.#next();
    return values;
  }

  #peek(): Token {
    return this.#tokens[this.#position] ?? { kind: "end", literal: "" };
  }

  #next(): Token {
    const token = this.#peek();
    this.#position++;
    return token;
  }

  #startsRequirement(): boolean {
    return this.#peek().kind === "identifier" || is(this.#peek(), "!");
  }

  #atRequirementEnd(): boolean {
    return this.#peek().kind === "end" || is(this.#peek(), ",");
  }
}

function valueErrors(
  key: string,
  operator: Operator,
  values: readonly string[],
): readonly string[] {
  const integers =
    operator === "gt" || operator === "lt" ? values.filter((value) => !parseInt64(value).ok) : [];
  return [
    ...integers.map((value, index) =>
      invalid(`values[${index}]`, value, "for 'Gt', 'Lt' operators, the value must be an integer"),
    ),
    ...values.flatMap((value, index) => {
      const errors = labelValueErrors(value);
      return errors.length === 0
        ? []
        : [invalid(`values[${index}][${key}]`, value, errors.join("; "))];
    }),
  ];
}

function is(token: Token, symbol: string): boolean {
  return token.kind === "symbol" && token.literal === symbol;
}

function found(token: Token): string {
  return `found '${token.literal}'`;
}

function invalid(path: string, value: string, why: string): string {
  return `${path}: Invalid value: ${goQuote(value)}: ${why}`;
}

function unable(why: string): StatusError {
  return badRequest(`unable to parse requirement: ${why}`);
}
