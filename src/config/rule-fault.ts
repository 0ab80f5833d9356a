import { nearest } from "./nearest.ts";

/** Where in the file something stands: keys and places in lists, from the root. */
export type YamlPath = readonly (string | number)[];

/** What is wrong with a rule, and where; `config/rules.ts` makes one line of it. */
export class RuleFault extends Error {
  readonly path: YamlPath;

  constructor(path: YamlPath, message: string) {
    super(message);
    this.path = path;
  }
}

/** The value as a mapping of these keys only. Throws a RuleFault that names the nearest. */
export function mappingAt<Key extends string>(
  path: YamlPath,
  value: unknown,
  keys: readonly Key[],
): Readonly<Partial<Record<Key, unknown>>> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new RuleFault(path, `it takes ${keys.join(", ")}, each with its value`);
  const known: readonly string[] = keys;
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const near = nearest(key, keys);
    const hint = near === undefined ? `there are ${keys.join(", ")}` : `the nearest is ${near}`;
    throw new RuleFault([...path, key], `unknown key; ${hint}`);
  }
  return value as Readonly<Partial<Record<Key, unknown>>>;
}

/** The value as a text that is not empty. */
export function textAt(path: YamlPath, value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw new RuleFault(path, `${JSON.stringify(value)} is no text`);
}

/** The value as a list of texts, one alone as a list of it. Never empty. */
export function textsAt(path: YamlPath, value: unknown): readonly string[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (values.length === 0) throw new RuleFault(path, "the list is empty; leave it out for all");
  return values.map((each, place) => textAt(Array.isArray(value) ? [...path, place] : path, each));
}

/** What `parse` makes of it; what it throws is said of the place. */
export function parsedAt<Value>(path: YamlPath, parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    if (error instanceof RuleFault) throw error;
    throw new RuleFault(path, error instanceof Error ? error.message : String(error));
  }
}
