import type { FieldTree } from "../api/field-path.ts";
import type { Item } from "../api/item.ts";
import type { Selectable } from "../api/selection.ts";
import type { Codec } from "../codec/codec.ts";
import { fitsProtobuf, identityPaths, type Trim, trimOf, withoutVersion } from "../codec/trim.ts";
import { type Hidden, isForNamespace, isHidden, type Rule } from "./rule.ts";

export type HideRule = Rule & { readonly effect: { readonly is: "hide"; readonly what: Hidden } };
export type TrimRule = Rule & { readonly effect: { readonly is: "trim"; readonly trim: Trim } };

/** Where trimmed bytes go: an event is what a client keeps its position by, so it always has that. */
export type Purpose = "object" | "event";

/** What an event needs beside what a rule keeps. */
const ofEvents = trimOf("only these", ...identityPaths).fields;

/** What a Table cell may be made of although its rows show metadata only. */
const cellFields = new Set(["name", "namespace", "creationTimestamp"]);

/**
 * What requests of one kind are shown of objects: the rules that are for them, in order. Of each set of rules there is one
 * View, so that what is made for it is kept by it.
 */
export class View {
  /** Equal for Views that show the same. */
  readonly id: string;
  readonly rules: readonly Rule[];
  readonly #hiding: readonly HideRule[];
  readonly #trimming: readonly TrimRule[];
  readonly #needsJson: Rule | undefined;
  readonly #eventTrims: ReadonlyMap<Rule, Trim>;

  constructor(rules: readonly Rule[]) {
    this.rules = rules;
    this.id = rules.map(({ id }) => id).join(" ");
    this.#hiding = rules.filter(isHideRule);
    this.#trimming = rules.filter(isTrimRule);
    this.#needsJson = this.#trimming.find(({ effect }) => !fitsProtobuf(effect.trim));
    this.#eventTrims = new Map(this.#trimming.map((rule) => [rule, eventTrim(rule.effect.trim)]));
  }

  /** The rules that hide, by what. */
  get hiding(): readonly HideRule[] {
    return this.#hiding;
  }

  /** The rule that hides the object; undefined where none does. */
  hiderOf(object: Selectable): HideRule | undefined {
    return this.#hiding.find(
      (rule) => isForNamespace(rule, object.namespace) && isHidden(rule.effect.what, object),
    );
  }

  /** The rules that trim. */
  get trimming(): readonly TrimRule[] {
    return this.#trimming;
  }

  /** The rule that only JSON can obey; undefined where protobuf can. */
  get needsJson(): Rule | undefined {
    return this.#needsJson;
  }

  /** The rule that a Table cannot obey, since its cells may be made of what is left out; undefined where it can. */
  get needsObjects(): Rule | undefined {
    return this.#trimming.find(({ effect }) => !isTableSafe(effect.trim));
  }

  /**
   * The object's bytes, in list form, as they are shown; the very same array where all is. Throws where the encoding is one that
   * the rules cannot be obeyed in.
   */
  trim(codec: Codec, namespace: string, bytes: Uint8Array, purpose: Purpose): Uint8Array {
    if (codec.format === "protobuf" && this.#needsJson !== undefined)
      throw new Error(
        `the rule ${JSON.stringify(this.#needsJson.name)} cannot be obeyed in protobuf`,
      );
    let shown = bytes;
    for (const rule of this.#trimming) {
      if (!isForNamespace(rule, namespace)) continue;
      const trim = purpose === "event" ? this.#eventTrims.get(rule) : undefined;
      shown = codec.trim(shown, trim ?? rule.effect.trim);
    }
    return shown;
  }

  /** As `trim`, for an event. */
  eventBytes(codec: Codec, namespace: string, bytes: Uint8Array): Uint8Array {
    return this.trim(codec, namespace, bytes, "event");
  }

  /** Whether two states of an object look the same, their resourceVersions aside: such a change is none to show. */
  isSameShown(codec: Codec, a: Item, b: Item): boolean {
    const [shownA, shownB] = [a, b].map((item) =>
      codec.trim(this.trim(codec, item.namespace, item.bytes, "event"), withoutVersion),
    );
    return shownA !== undefined && shownB !== undefined && Buffer.compare(shownA, shownB) === 0;
  }
}

function isHideRule(rule: Rule): rule is HideRule {
  return rule.effect.is === "hide";
}

function isTrimRule(rule: Rule): rule is TrimRule {
  return rule.effect.is === "trim";
}

function eventTrim(trim: Trim): Trim {
  if (trim.leaves === "all but these") return trim;
  return { ...trim, fields: withPaths(trim.fields) };
}

/** The tree with all that an event needs. */
function withPaths(tree: FieldTree): FieldTree {
  const needed = ofEvents.members.get("metadata");
  const there = tree.members.get("metadata");
  if (needed === undefined || there?.isWhole === true) return tree;
  const metadata = {
    isWhole: false,
    each: there?.each,
    members: new Map([...(there?.members ?? []), ...needed.members]),
  };
  return { ...tree, members: new Map([...tree.members, ["metadata", metadata]]) };
}

/** Whether what is left out is in no cell of a Table, but in the objects of its rows only. */
function isTableSafe({ leaves, fields }: Trim): boolean {
  if (leaves === "only these") return false;
  return [...fields.members].every(
    ([name, tree]) =>
      name === "metadata" &&
      !tree.isWhole &&
      [...tree.members.keys()].every((field) => !cellFields.has(field)),
  );
}
