import type { Loose } from "../../src/testing/contract-client.ts";
import type { Choice, FieldTerm, LabelTerm, Resource } from "./moves.ts";
import { isHiddenFrom } from "./rules.ts";

/** Where a collection or an object lives: `/api/v1/namespaces/m/pods/a`. */
export function pathOf(resource: Resource, namespace: string, name = ""): string {
  const prefix = resource === "widgets" ? "/apis/example.com/v1" : "/api/v1";
  const place = namespace === "" ? "" : `/namespaces/${namespace}`;
  return `${prefix}${place}/${resource}${name === "" ? "" : `/${name}`}`;
}

/** The query parameters of a choice's selectors. */
export function selectorQuery({ label, field }: Choice): string[] {
  const parts: string[] = [];
  if (label !== undefined) parts.push(`labelSelector=${encodeURIComponent(labelText(label))}`);
  if (field !== undefined) {
    const text = `${field.path}${field.operator}${field.value}`;
    parts.push(`fieldSelector=${encodeURIComponent(text)}`);
  }
  return parts;
}

function labelText({ key, operator, values }: LabelTerm): string {
  switch (operator) {
    case "=":
    case "!=":
      return `${key}${operator}${values.join()}`;
    case "in":
    case "notin":
      return `${key} ${operator} (${values.join()})`;
    case "exists":
      return key;
    case "absent":
      return `!${key}`;
  }
}

/** Whether the choice shows the object; the model's own reading, apart from the proxy's code. */
export function chooses({ namespace, label, field, reader }: Choice, object: Loose): boolean {
  if (isHiddenFrom(reader, object)) return false;
  if (namespace !== "" && object.metadata.namespace !== namespace) return false;
  if (label !== undefined && !hasLabel(label, object.metadata.labels ?? {})) return false;
  return field === undefined || hasField(field, object);
}

function hasLabel({ key, operator, values }: LabelTerm, labels: Loose): boolean {
  const value: string | undefined = labels[key];
  const isAmong = value !== undefined && values.includes(value);
  switch (operator) {
    case "=":
    case "in":
      return isAmong;
    case "!=":
    case "notin":
      return !isAmong;
    case "exists":
      return value !== undefined;
    case "absent":
      return value === undefined;
  }
}

function hasField({ path, operator, value }: FieldTerm, object: Loose): boolean {
  const found = {
    "metadata.name": object.metadata.name,
    "spec.nodeName": object.spec?.nodeName ?? "",
    "status.phase": object.status?.phase ?? "",
  }[path];
  return (found === value) === (operator === "=");
}
