/** One step of a path: into a member by its name, or into each element of a list (or each value of a map). */
export type FieldStep = { readonly is: "member"; readonly name: string } | { readonly is: "each" };

/** Where fields of an object lie: `metadata.annotations["a.b/c"]`, `spec.containers[*].env`. Never empty. */
export type FieldPath = readonly FieldStep[];

/** A path that cannot be read; the message says where, and what would be right. */
export class FieldPathError extends Error {}

const stepForm = /^(?:(?<name>[A-Za-z_$][-\w$]*)|\[(?<each>\*)\]|\[(?<quoted>"(?:[^"\\]|\\.)*")\])/;

/** Parses a path as kubectl's JSONPath writes it, without the braces; a leading dot is taken. Throws a FieldPathError. */
export function parseFieldPath(text: string): FieldPath {
  const steps: FieldStep[] = [];
  let rest = text.startsWith(".") ? text.slice(1) : text;
  while (rest !== "" || steps.length === 0) {
    const { name, each, quoted } = stepForm.exec(rest)?.groups ?? {};
    if (each !== undefined) steps.push({ is: "each" });
    else if (quoted !== undefined) steps.push({ is: "member", name: unquote(quoted, text) });
    else if (name !== undefined) steps.push({ is: "member", name });
    else throw new FieldPathError(unreadable(text, rest));
    const length = name?.length ?? (each === undefined ? (quoted ?? "").length + 2 : 3);
    rest = afterStep(rest.slice(length), text);
  }
  if (steps[0]?.is === "each") throw new FieldPathError(unreadable(text, text));
  return steps;
}

function afterStep(rest: string, text: string): string {
  if (rest === "" || rest.startsWith("[")) return rest;
  if (rest.startsWith(".") && rest.length > 1 && !rest.startsWith(".[")) return rest.slice(1);
  throw new FieldPathError(unreadable(text, rest));
}

function unquote(quoted: string, text: string): string {
  try {
    return String(JSON.parse(quoted));
  } catch {
    throw new FieldPathError(unreadable(text, quoted));
  }
}

function unreadable(text: string, rest: string): string {
  const at = rest === "" ? "at its end" : `at ${JSON.stringify(rest)}`;
  return `${JSON.stringify(text)} is no field path ${at}; write it as metadata.annotations["a.b/c"] or spec.containers[*].env`;
}

/** Paths as a tree. A tree that is whole means all that lies there. */
export interface FieldTree {
  readonly isWhole: boolean;
  readonly members: ReadonlyMap<string, FieldTree>;
  readonly each: FieldTree | undefined;
}

interface Growing extends FieldTree {
  isWhole: boolean;
  readonly members: Map<string, Growing>;
  each: Growing | undefined;
}

/** The paths as one tree, from the object's root. */
export function fieldTree(paths: readonly FieldPath[]): FieldTree {
  const root = grow();
  for (const path of paths) {
    let at = root;
    for (const step of path) at = descend(at, step);
    at.isWhole = true;
  }
  return root;
}

function descend(at: Growing, step: FieldStep): Growing {
  if (step.is === "each") return (at.each ??= grow());
  const there = at.members.get(step.name);
  if (there !== undefined) return there;
  const next = grow();
  at.members.set(step.name, next);
  return next;
}

function grow(): Growing {
  return { isWhole: false, members: new Map(), each: undefined };
}
