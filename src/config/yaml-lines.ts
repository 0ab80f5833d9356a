import type { YamlPath } from "./rule-fault.ts";

/** The line, from 1, of what stands at this path of a YAML text, or of the nearest above it; undefined where there is none. */
export function lineOf(text: string, path: YamlPath): number | undefined {
  const { isMap, isScalar, isSeq, LineCounter, parseDocument } = loadYaml();
  const lineCounter = new LineCounter();
  let node: unknown = parseDocument(text, { lineCounter }).contents;
  let line: number | undefined;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === step);
      if (pair === undefined) break;
      const at = isScalar(pair.key) ? pair.key.range?.[0] : undefined;
      if (at !== undefined) ({ line } = lineCounter.linePos(at));
      node = pair.value;
    } else if (isSeq(node) && typeof step === "number") {
      node = node.items[step];
      const at = hasRange(node) ? node.range?.[0] : undefined;
      if (at !== undefined) ({ line } = lineCounter.linePos(at));
    } else break;
  }
  return line;
}

/** What is wrong with a text that is no YAML: the line, from 1, and why; undefined where this parser takes it. */
export function yamlFault(
  text: string,
): { readonly line: number | undefined; readonly why: string } | undefined {
  const { parseDocument } = loadYaml();
  const [error] = parseDocument(text).errors;
  if (error === undefined) return undefined;
  const [why = "no YAML"] = error.message.split(/ at line \d+/);
  return { line: error.linePos?.[0].line, why };
}

/**
 * A key that its mapping has twice, of which Bun's parser takes the last, and its line, from 1; undefined where there is none.
 * `parsed` is what that parser has made of the text: with as many keys as there are colons nothing was lost.
 */
export function repeatedKey(
  text: string,
  parsed: unknown,
): { readonly line: number; readonly key: string } | undefined {
  const colons = text.match(/(?<=["']):|:(?=\s|$)/g)?.length ?? 0;
  if (colons === countKeys(parsed)) return undefined;
  const { parseDocument } = loadYaml();
  const error = parseDocument(text).errors.find(({ code }) => code === "DUPLICATE_KEY");
  if (error === undefined) return undefined;
  const [, key = ""] = /^["']?([^"'\s:]*)/.exec(text.slice(error.pos[0])) ?? [];
  return { line: error.linePos?.[0].line ?? 1, key };
}

function countKeys(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const own = Array.isArray(value) ? 0 : Object.keys(value).length;
  return Object.values(value).reduce<number>((sum, each) => sum + countKeys(each), own);
}

function hasRange(node: unknown): node is { readonly range?: readonly number[] | null } {
  return typeof node === "object" && node !== null && "range" in node;
}

/** Only who made a mistake pays for the parser that knows lines. */
function loadYaml(): typeof import("yaml") {
  // oxlint-disable-next-line typescript/no-require-imports
  return require("yaml") as typeof import("yaml");
}
