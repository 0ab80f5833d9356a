import { type FieldTree, fieldTree, parseFieldPath } from "../api/field-path.ts";

/** Which fields of an object are shown: all but those of the tree, or only those (and `apiVersion` and `kind`, always). */
export interface Trim {
  readonly leaves: "all but these" | "only these";
  readonly fields: FieldTree;
}

/** The trim that leaves all but, or only, the fields at these paths. */
export function trimOf(leaves: Trim["leaves"], ...paths: readonly string[]): Trim {
  return { leaves, fields: fieldTree(paths.map(parseFieldPath)) };
}

/** What clients know an object, and a reflector its own position, by. */
export const identityPaths: readonly string[] = ["name", "namespace", "uid", "resourceVersion"].map(
  (name) => `metadata.${name}`,
);

/** What two states of an object that look alike may differ in. */
export const withoutVersion: Trim = trimOf("all but these", "metadata.resourceVersion");

/** What a protobuf object can be trimmed by without the schema of its type: whole fields of ObjectMeta, and single labels and annotations. */
export const objectMetaFields: ReadonlyMap<string, number> = new Map([
  ["name", 1],
  ["generateName", 2],
  ["namespace", 3],
  ["selfLink", 4],
  ["uid", 5],
  ["resourceVersion", 6],
  ["generation", 7],
  ["creationTimestamp", 8],
  ["deletionTimestamp", 9],
  ["deletionGracePeriodSeconds", 10],
  ["labels", 11],
  ["annotations", 12],
  ["ownerReferences", 13],
  ["finalizers", 14],
  ["managedFields", 17],
]);

/** The maps of ObjectMeta: a path may name one of their keys. */
export const objectMetaMaps: ReadonlySet<string> = new Set(["labels", "annotations"]);

/** Whether a trim stays within what protobuf can be trimmed by; others need JSON. */
export function fitsProtobuf({ fields }: Trim): boolean {
  return [...fields.members].every(
    ([name, tree]) => name === "metadata" && (tree.isWhole || fitsObjectMeta(tree)),
  );
}

function fitsObjectMeta({ members, each }: FieldTree): boolean {
  if (each !== undefined) return false;
  return [...members].every(([name, tree]) => {
    if (!objectMetaFields.has(name)) return false;
    return tree.isWhole || (objectMetaMaps.has(name) && areWholeMembers(tree));
  });
}

function areWholeMembers({ members, each }: FieldTree): boolean {
  return each === undefined && [...members.values()].every((tree) => tree.isWhole);
}
