import type { FieldTree } from "../api/field-path.ts";
import { concat } from "./json-list.ts";
import { type Range, walkArray, walkObject } from "./json.ts";
import type { Trim } from "./trim.ts";

const openBrace = 0x7b;
const openBracket = 0x5b;
const comma = Uint8Array.of(0x2c);
const brackets = {
  object: [Uint8Array.of(0x7b), Uint8Array.of(0x7d)],
  array: [Uint8Array.of(0x5b), Uint8Array.of(0x5d)],
} as const;

/** What has become of a value: as it was, left out, or these pieces. */
type Trimmed = "same" | "gone" | readonly Uint8Array[];

/** How an object's root is told from what lies in it: its `apiVersion` and `kind` are always shown. */
const typeMeta = new Set(["apiVersion", "kind"]);

/**
 * The object without what the trim leaves out; the very same array where that is nothing. What becomes empty by it is left
 * out too, but for elements of lists. A path goes into each element of a list also where it does not say `[*]`. Throws
 * MalformedJsonError.
 */
export function trimJson(bytes: Uint8Array, trim: Trim): Uint8Array {
  const whole = { start: 0, end: bytes.length };
  const trimmed = trimObject(bytes, whole, trim.fields, trim.leaves, typeMeta);
  if (trimmed === "same") return bytes;
  return trimmed === "gone" ? concat(brackets.object) : concat(trimmed);
}

function trimValue(
  bytes: Uint8Array,
  range: Range,
  tree: FieldTree,
  leaves: Trim["leaves"],
): Trimmed {
  if (tree.isWhole) return leaves === "only these" ? "same" : "gone";
  const first = bytes[range.start];
  if (first === openBrace) return trimObject(bytes, range, tree, leaves, noNames);
  if (first === openBracket) return trimArray(bytes, range, tree.each ?? tree, leaves);
  return leaves === "only these" ? "gone" : "same";
}

const noNames: ReadonlySet<string> = new Set();

function trimObject(
  bytes: Uint8Array,
  range: Range,
  tree: FieldTree,
  leaves: Trim["leaves"],
  always: ReadonlySet<string>,
): Trimmed {
  const kept: Uint8Array[] = [];
  let isSame = true;
  walkObject(bytes, range.start, (written, value, keyStart) => {
    const key = unescaped(written);
    const below = tree.members.get(key) ?? tree.each;
    const trimmed =
      always.has(key) || (below === undefined && leaves === "all but these")
        ? "same"
        : below === undefined
          ? "gone"
          : trimValue(bytes, value, below, leaves);
    if (trimmed !== "same") isSame = false;
    if (trimmed === "gone") return "on";
    if (kept.length > 0) kept.push(comma);
    if (trimmed === "same") kept.push(bytes.subarray(keyStart, value.end));
    else kept.push(bytes.subarray(keyStart, value.start), ...trimmed);
    return "on";
  });
  if (isSame) return "same";
  return kept.length === 0 ? "gone" : between(brackets.object, kept);
}

function trimArray(
  bytes: Uint8Array,
  range: Range,
  tree: FieldTree,
  leaves: Trim["leaves"],
): Trimmed {
  const kept: Uint8Array[] = [];
  let isSame = true;
  walkArray(bytes, range.start, (element) => {
    const trimmed = trimValue(bytes, element, tree, leaves);
    if (trimmed !== "same") isSame = false;
    if (trimmed === "gone" && (tree.isWhole || bytes[element.start] !== openBrace)) return;
    if (kept.length > 0) kept.push(comma);
    if (trimmed === "same") kept.push(bytes.subarray(element.start, element.end));
    else kept.push(...(trimmed === "gone" ? brackets.object : trimmed));
  });
  if (isSame) return "same";
  return kept.length === 0 ? "gone" : between(brackets.array, kept);
}

function between(
  [open, close]: readonly [Uint8Array, Uint8Array],
  pieces: readonly Uint8Array[],
): readonly Uint8Array[] {
  return [open, ...pieces, close];
}

/** A key that is written with escapes is the one that it means: nothing slips through by its spelling. */
function unescaped(written: string): string {
  if (!/[\\\u0080-\u00ff]/.test(written)) return written;
  const text = Buffer.from(written, "latin1").toString("utf8");
  return String(JSON.parse(`"${text}"`));
}
