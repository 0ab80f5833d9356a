import type { FieldTree } from "../api/field-path.ts";
import type { Trim } from "../codec/trim.ts";
import { isList, isObject, type Json } from "./json.ts";

/**
 * The pointers of a JSON patch (RFC 6902) by which its caller would learn of what the trim leaves out: what is copied, moved or
 * compared is shown by the result, and what is removed, replaced or gone through by whether the patch applies. Only to add a
 * field as a whole tells nothing. undefined for what is no JSON patch.
 */
export function patchedFields(patch: Json, trim: Trim): readonly string[] | undefined {
  if (!isList(patch)) return undefined;
  const told: string[] = [];
  for (const operation of patch) {
    if (!isObject(operation)) return undefined;
    const { op, path, from: source } = operation;
    if (typeof source === "string" && placeOf(source, trim) !== "shown") told.push(source);
    if (typeof path === "string" && isTold(op, placeOf(path, trim))) told.push(path);
  }
  return told;
}

/** What no trim leaves out. */
const alwaysShown = new Set(["apiVersion", "kind"]);

/** Where a pointer leads to: `around` is a shown value with something in it that is left out. */
type Place = "shown" | "around" | "left out" | "below";

function isTold(op: Json | undefined, place: Place): boolean {
  switch (op) {
    case "add":
    case "copy":
    case "move":
      return place === "below";
    case "remove":
    case "replace":
      return place === "below" || place === "left out";
    default:
      return place !== "shown";
  }
}

/**
 * As an apiserver reads a pointer (evanphx/json-patch, findObject): what lies before its first slash is ignored, an index may be
 * negative, and whether a number is an index or a key is the object's to say: here it is the stricter of both.
 */
function placeOf(pointer: string, { fields, leaves }: Trim): Place {
  const tokens = pointer.split("/").slice(1).map(unescaped);
  let trees: readonly (FieldTree | undefined)[] = [fields];
  const isLeftOut = (tree: FieldTree | undefined) =>
    leaves === "all but these" ? tree?.isWhole === true : tree === undefined;
  const isShown = (tree: FieldTree | undefined) =>
    leaves === "all but these" ? tree === undefined : tree?.isWhole === true;
  if (alwaysShown.has(tokens[0] ?? "")) return "shown";
  for (const [at, token] of tokens.entries()) {
    const next = trees.filter((tree) => !isShown(tree)).flatMap((tree) => stepsTo(tree, token));
    if (next.length === 0) return "shown";
    if (next.some(isLeftOut)) return at === tokens.length - 1 ? "left out" : "below";
    trees = next;
  }
  return trees.every(isShown) ? "shown" : "around";
}

function stepsTo(tree: FieldTree | undefined, token: string): readonly (FieldTree | undefined)[] {
  if (tree === undefined) return [undefined];
  const asMember = tree.members.get(token) ?? tree.each;
  return /^[-+]?\d*$/.test(token) ? [asMember, tree.each ?? tree] : [asMember];
}

/** RFC 6901, 4. */
function unescaped(token: string): string {
  return token.replaceAll("~1", "/").replaceAll("~0", "~");
}
