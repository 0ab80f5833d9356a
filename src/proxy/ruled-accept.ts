import {
  askedForm,
  type Clause,
  formatClause,
  inPreference,
  jsonType,
  parseAccept,
  protobufType,
} from "../codec/media-type.ts";
import type { Rule } from "../rules/rule.ts";
import type { View } from "../rules/view.ts";

/** For any of these an apiserver writes JSON: it is the first type that it has. */
const jsonTypes = new Set([jsonType, "*/*", "application/*"]);

/** What an apiserver speaks: what no server speaks is upstream's to refuse. `*` is `*\/*` to some of its handlers. */
const spokenTypes = new Set([
  ...jsonTypes,
  "*",
  protobufType,
  "application/yaml",
  "application/cbor",
]);

/**
 * What of an Accept header rules can be obeyed in, the preferred first; a rule where that is nothing. Only what is asked for
 * upstream in these forms can be looked into: whole objects, Tables where no cell is made of what is left out, metadata. The
 * header is written anew, so that upstream reads what was read here.
 */
export function acceptUnder(view: View, accept: string): { readonly accept: string } | Rule {
  const asked = parseAccept(accept);
  const clauses = (inOrder(asked) ?? asked).filter((clause) => canObey(view, clause));
  if (clauses.length > 0) return { accept: exactly(clauses).map(formatClause).join(",") };
  const isSpoken = asked.some(({ type }) => spokenTypes.has(type.replaceAll(" ", "")));
  if (!isSpoken) return { accept };
  const rule = view.needsJson ?? view.needsObjects ?? view.rules[0];
  if (rule === undefined) return { accept };
  return rule;
}

/** The clauses as an apiserver prefers them: their order says it alone. */
function inOrder(asked: readonly Clause[]): readonly Clause[] | undefined {
  return inPreference(asked)?.map((clause) => ({ ...clause, weight: undefined }));
}

/** What stands for any type is JSON, since upstream might choose another; `application/*` alone is not served by all handlers. */
function exactly(clauses: readonly Clause[]): readonly Clause[] {
  const isServed = clauses.some(({ type }) => type !== "application/*");
  return isServed
    ? clauses.map((each) => (each.type.includes("*") ? { ...each, type: jsonType } : each))
    : clauses;
}

function canObey(view: View, clause: Clause): boolean {
  const form = askedForm(clause);
  if (form === undefined) return false;
  if (clause.type === protobufType) return view.needsJson === undefined && form !== "table";
  if (!jsonTypes.has(clause.type)) return false;
  return form !== "table" || view.needsObjects === undefined;
}
