import { type Clause, parseAccept } from "../codec/media-type.ts";
import type { Rule } from "../rules/rule.ts";
import type { View } from "../rules/view.ts";

const jsonTypes = new Set(["application/json", "*/*"]);
const protobufType = "application/vnd.kubernetes.protobuf";

/** What an apiserver speaks beside JSON: what no server speaks is upstream's to refuse. */
const spokenTypes = new Set([protobufType, "application/yaml", "application/cbor"]);

/**
 * What of an Accept header rules can be obeyed in, in the order it had; a rule where that is nothing. Only what is asked for
 * upstream in these forms can be looked into: whole objects, Tables where no cell is made of what is left out, metadata.
 */
export function acceptUnder(view: View, accept: string): { readonly accept: string } | Rule {
  const asked = parseAccept(accept);
  const clauses = asked.filter((clause) => canObey(view, clause));
  if (clauses.length > 0) return { accept: clauses.map(exactText).join(",") };
  const isSpoken = asked.some(({ type }) => jsonTypes.has(type) || spokenTypes.has(type));
  if (!isSpoken) return { accept };
  const rule = view.needsJson ?? view.needsObjects ?? view.rules[0];
  if (rule === undefined) return { accept };
  return rule;
}

function canObey(view: View, { type, parameters, quality }: Clause): boolean {
  if (quality === 0) return false;
  const form = formOf(parameters);
  const isMetadata = form === "partialobjectmetadata" || form === "partialobjectmetadatalist";
  if (type === protobufType)
    return view.needsJson === undefined && (form === undefined || isMetadata);
  if (!jsonTypes.has(type)) return false;
  return form === undefined || isMetadata || (form === "table" && view.needsObjects === undefined);
}

/** The `as` parameter, in small letters. */
function formOf(parameters: readonly string[]): string | undefined {
  const form = parameters.map((part) => part.toLowerCase()).find((part) => part.startsWith("as="));
  return form?.slice("as=".length);
}

/** What stands for any type is JSON, since upstream might choose another; what is to be indented is so once it is looked into. */
function exactText({ text, type }: Clause): string {
  const plain = text.replace(/;\s*pretty=[^;]*/i, "");
  return type.includes("*") ? plain.replace(/^[^;]+/, "application/json") : plain;
}
