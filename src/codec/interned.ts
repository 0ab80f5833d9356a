import { type Fields, type Labels, noFields } from "../api/item.ts";
import type { SelectableField } from "../api/selectable-fields.ts";

/** Enough for the label sets and namespaces of a large node; what is past it is only not shared. */
const maxEntries = 8192;

/** One value for all that are written alike: objects of a type repeat their namespaces, labels and fields without end. */
class Interned<Value> {
  #known = new Map<string, Value>();

  /** The value of this text, made when it is first met. */
  of(text: string, make: (text: string) => Value): Value {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    if (this.#known.size >= maxEntries) this.#known.clear();
    const value = make(text);
    this.#known.set(text, value);
    return value;
  }
}

const strings = new Interned<string>();
const records = new Interned<Readonly<Record<string, string>>>();

/** The same text, shared. */
export function internString(text: string): string {
  return strings.of(text, (own) => own);
}

/** The selectable fields of one object, each read by `read`. */
export function internFields(
  selectable: readonly SelectableField[],
  read: (field: SelectableField) => string,
): Fields {
  if (selectable.length === 0) return noFields;
  const fields: Record<string, string> = {};
  for (const field of selectable) fields[field.path] = read(field);
  return internRecord(JSON.stringify(fields));
}

/** Labels or fields as JSON, parsed once for all that are written alike. Throws where it is no JSON. */
export function internRecord(json: string): Labels & Fields {
  return records.of(json, (text) => Object.freeze(JSON.parse(text)));
}
