import { type ConfigMap, itemsIn } from "./config-maps.ts";
import type { Answer } from "./context.ts";

/** Tells whether answers to one LIST are right: all names, each once, and each object as the apiserver has it or its name alone. */
export class ListChecker {
  readonly #names: readonly string[];
  readonly #kept: readonly ConfigMap[];
  readonly #kinds = new Set<string>();
  #lastRight: Buffer | undefined;
  #checked = 0;

  constructor(names: readonly string[], kept: readonly ConfigMap[]) {
    this.#names = names.toSorted();
    this.#kept = kept;
  }

  /** What the right answers held so far: `whole objects`, or `names only` of a proxy whose rules trim them so. */
  get kinds(): readonly string[] {
    return [...this.#kinds];
  }

  /** How many answers it has seen. */
  get checked(): number {
    return this.#checked;
  }

  /** What is wrong with it, in one line; undefined when nothing is. What equals a right answer byte for byte is right. */
  check({ status, body }: Pick<Answer, "status" | "body">): string | undefined {
    this.#checked++;
    if (status === 0) return `no answer: ${body.toString()}`;
    if (status !== 200) return `${status}: ${body.toString().slice(0, 200)}`;
    if (this.#lastRight?.equals(body) === true) return undefined;
    const items = itemsIn({ status, body });
    const names = items.map(({ metadata }) => metadata.name).toSorted();
    if (!Bun.deepEquals(names, this.#names))
      return `${names.length} items, ${new Set(names).size} names, of ${this.#names.length}`;
    const kind = this.#kindOf(items);
    if (kind === undefined) return "objects are neither what the apiserver has nor names only";
    this.#kinds.add(kind);
    this.#lastRight = body;
    return undefined;
  }

  #kindOf(items: readonly ConfigMap[]): string | undefined {
    if (Bun.deepEquals(items, this.#kept, true)) return "whole objects";
    return items.every(hasNameOnly) ? "names only" : undefined;
  }
}

/** The fields that a name is made of; a typed object may say its kind as well. */
function hasNameOnly(item: ConfigMap): boolean {
  const { metadata, ...rest } = item;
  const others = Object.keys(rest).filter((key) => key !== "kind" && key !== "apiVersion");
  const more = Object.keys(metadata).filter((key) => key !== "name" && key !== "namespace");
  return others.length === 0 && more.length === 0;
}
