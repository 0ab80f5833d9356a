import type { FieldSelector } from "./field-selector.ts";
import { fieldSelectorCovers } from "./field-selector.ts";
import type { Item } from "./item.ts";
import type { LabelSelector } from "./label-selector.ts";
import { labelSelectorCovers } from "./label-selector.ts";

/** Which objects of a resource: those in the namespace (all where it is empty) that both selectors select. */
export interface Selection {
  readonly namespace: string;
  readonly labelSelector: LabelSelector;
  readonly fieldSelector: FieldSelector;
}

/** What a selection looks at; an item has it, and so has the answer to a write. */
export type Selectable = Pick<Item, "namespace" | "name" | "labels" | "fields">;

/** Whether the object is among those selected. */
export function selects(selection: Selection, item: Selectable): boolean {
  return (
    (selection.namespace === "" || selection.namespace === item.namespace) &&
    (selection.labelSelector.isEmpty || selection.labelSelector.matches(item.labels)) &&
    (selection.fieldSelector.isEmpty ||
      selection.fieldSelector.matches((path) => fieldValue(item, path)))
  );
}

function fieldValue(item: Selectable, path: string): string | undefined {
  if (path === "metadata.name") return item.name;
  if (path === "metadata.namespace") return item.namespace;
  return Object.hasOwn(item.fields, path) ? item.fields[path] : undefined;
}

/** True only when all that `inner` selects is proved to be among what `outer` selects. */
export function selectionCovers(outer: Selection, inner: Selection): boolean {
  return (
    (outer.namespace === "" || outer.namespace === inner.namespace) &&
    labelSelectorCovers(outer.labelSelector, inner.labelSelector) &&
    fieldSelectorCovers(outer.fieldSelector, inner.fieldSelector)
  );
}

/** One text for selections that select the same, and for no others: a path may name a namespace with any characters. */
export function formatSelection(selection: Selection): string {
  const namespace = encodeURIComponent(selection.namespace);
  return `${namespace}?${selection.labelSelector.text}&${selection.fieldSelector.text}`;
}

/** Whether two selections select the same objects, as far as their text tells. */
export function isSameSelection(a: Selection, b: Selection): boolean {
  return formatSelection(a) === formatSelection(b);
}
