import type { FieldTree } from "../api/field-path.ts";
import type { Trim } from "../codec/trim.ts";
import { isList, isObject, type Json, memberOf, textIn } from "./json.ts";

/** What the server itself writes: a PUT without it takes nothing away (apiserver, registry/rest/update.go; fieldmanager). */
const serverOwned = new Set([
  "metadata.managedFields",
  "metadata.resourceVersion",
  "metadata.uid",
  "metadata.generation",
  "metadata.creationTimestamp",
  "metadata.selfLink",
]);

/**
 * The fields that the trim leaves out, that `before` has and `after` has not, as paths. What is only changed is not lost.
 * Pure.
 */
export function lostFields(
  before: Json,
  after: Json,
  trim: Trim,
  of: "what a write takes away" | "also what the server owns" = "what a write takes away",
): readonly string[] {
  const lost: string[] = [];
  const isKept = (path: string) => of === "what a write takes away" && serverOwned.has(path);
  const visit = (a: Json, b: Json | undefined, tree: FieldTree | undefined, path: string) => {
    if (isKept(path)) return;
    const isLeftOut = trim.leaves === "all but these" ? tree?.isWhole === true : tree === undefined;
    if (isLeftOut) {
      collectLost(a, b, path, lost, isKept);
      return;
    }
    // Nothing below is left out.
    if (tree === undefined || tree.isWhole) return;
    for (const [name, value, other, below] of pairs(a, b)) {
      const next =
        below === "element" ? (tree.each ?? tree) : (tree.members.get(name) ?? tree.each);
      const at = below === "element" ? `${path}[${name}]` : joined(path, name);
      visit(value, other, next, at);
    }
  };
  visit(before, after, trim.fields, "");
  return lost;
}

/** What of `a` is not in `b`, the uppermost of it. */
function collectLost(
  a: Json,
  b: Json | undefined,
  path: string,
  lost: string[],
  isKept: (path: string) => boolean,
): void {
  if (isKept(path) || isEmpty(a)) return;
  if (b === undefined || b === null) {
    lost.push(path);
    return;
  }
  for (const [name, value, other, below] of pairs(a, b)) {
    const at = below === "element" ? `${path}[${name}]` : joined(path, name);
    collectLost(value, other, at, lost, isKept);
  }
}

/** The members, or elements, of `a`, each with its like in `b`: an element by its `name` where it has one, else by its place. */
function pairs(
  a: Json,
  b: Json | undefined,
): readonly (readonly [string, Json, Json | undefined, "member" | "element"])[] {
  if (isList(a)) {
    const others = isList(b) ? b : [];
    return a.map((value, place) => {
      const name = textIn(value, "name");
      const like =
        name === undefined ? others[place] : others.find((each) => textIn(each, "name") === name);
      return [name ?? String(place), value, like, "element"] as const;
    });
  }
  if (!isObject(a)) return [];
  return Object.entries(a).map(([name, value]) => [name, value, memberOf(b, name), "member"]);
}

function isEmpty(value: Json): boolean {
  if (value === null || value === "") return true;
  if (isList(value)) return value.length === 0;
  return isObject(value) && Object.keys(value).length === 0;
}

function joined(path: string, name: string): string {
  if (path === "") return name;
  return /^[A-Za-z_$][-\w$]*$/.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`;
}
