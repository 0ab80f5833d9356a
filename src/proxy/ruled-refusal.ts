import { invalid, type StatusError } from "../api/status.ts";

/** A field that a rule does not show, by its path. */
export interface UnshownField {
  /** The rule's name. */
  readonly rule: string;
  readonly field: string;
}

/** Of the fields so many are named. */
const maxCauses = 8;

/** 422 of a write because of fields that rules do not show; `why` says what it would do to one, and what to send instead. */
export function refusedFields(
  object: { readonly group: string; readonly kind: string; readonly name: string },
  fields: readonly UnshownField[],
  why: string,
): StatusError {
  const causes = fields.slice(0, maxCauses).map(({ rule, field }) => ({
    reason: "FieldValueForbidden" as const,
    message: `Forbidden: the rule ${JSON.stringify(rule)} does not show it, and ${why}`,
    field,
  }));
  return invalid(object, causes);
}
