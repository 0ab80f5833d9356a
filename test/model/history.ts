import type { Loose } from "../../src/testing/contract-client.ts";
import { chooses } from "./choice.ts";
import type { Choice, Reader } from "./moves.ts";
import { isHiddenFrom, looksSame, shownTo } from "./rules.ts";

/** A version of an object, with `kind` and `apiVersion`. */
export interface Version {
  readonly key: string;
  readonly uid: string;
  readonly revision: number;
  readonly object: Loose;
}

/** What a choice sees happen. */
export interface Shown {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly key: string;
  readonly revision: number;
  readonly object: Loose;
}

export interface Change {
  readonly revision: number;
  /** The version from here on; undefined: it is gone. */
  readonly current: Version | undefined;
  readonly previous: Version | undefined;
}

export function keyOf(object: Loose): string {
  const { namespace, name } = object.metadata;
  return namespace === undefined ? name : `${namespace}/${name}`;
}

export function versionOf(object: Loose): Version {
  const { uid, resourceVersion } = object.metadata;
  return { key: keyOf(object), uid, revision: Number(resourceVersion), object };
}

/** All that ever happened to a resource: what every answer is held against. */
export class History {
  readonly #changes: Change[] = [];
  readonly #latest = new Map<string, Version>();
  readonly #losses: { readonly at: number; readonly oldest: number }[] = [];

  /** Takes the next event, as upstream has it. */
  record(type: string, object: Loose): void {
    const version = versionOf(object);
    const previous = this.#latest.get(version.key);
    if (type === "DELETED") this.#latest.delete(version.key);
    else this.#latest.set(version.key, version);
    const current = type === "DELETED" ? undefined : version;
    this.#changes.push({ revision: version.revision, current, previous });
  }

  /** Notes how far back upstream itself knows what happened: a watch from before `oldest` is refused from `at` on. */
  forget(at: number, oldest: number): void {
    if (oldest > (this.#losses.at(-1)?.oldest ?? 0)) this.#losses.push({ at, oldest });
  }

  /** Another store: nothing of this one has happened there. */
  clear(): void {
    this.#changes.length = 0;
    this.#latest.clear();
    this.#losses.length = 0;
  }

  /** Whether upstream had forgotten what followed a revision when it was at another. */
  isLost(after: number, at: number): boolean {
    return this.#losses.some((loss) => loss.at <= at && loss.oldest > after);
  }

  /** The revision of the latest event. */
  get revision(): number {
    return this.#changes.at(-1)?.revision ?? 0;
  }

  /** The revisions at which something happened, after `from`. */
  revisionsAfter(from: number): number[] {
    return this.#changes.map(({ revision }) => revision).filter((revision) => revision > from);
  }

  /** What the choice shows at a revision, in the order of keys. */
  at(revision: number, choice: Choice): Version[] {
    const state = new Map<string, Version>();
    for (const { revision: at, current, previous } of this.#changes) {
      if (at > revision) break;
      if (current !== undefined) state.set(current.key, current);
      else if (previous !== undefined) state.delete(previous.key);
    }
    return [...state.values()]
      .filter(({ object }) => chooses(choice, object))
      .toSorted((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)))
      .map((version) => versionTo(choice.reader, version));
  }

  /** What happened at exactly this revision. */
  changeAt(revision: number): Change | undefined {
    return this.#changes.find((change) => change.revision === revision);
  }

  /** What the choice sees happen after a revision. */
  after(revision: number, choice: Choice): Shown[] {
    const { reader } = choice;
    const shown: Shown[] = [];
    for (const change of this.#changes) {
      if (change.revision <= revision) continue;
      const { current, previous } = change;
      const is = current !== undefined && chooses(choice, current.object);
      const was = previous !== undefined && chooses(choice, previous.object);
      const mayBeUnseen = is && was && reader !== "model";
      if (mayBeUnseen && looksSame(reader, current.object, previous.object)) continue;
      if (is) shown.push({ type: was ? "MODIFIED" : "ADDED", ...versionTo(reader, current) });
      else if (was) shown.push(departure(change.revision, versionTo(reader, previous)));
    }
    return shown;
  }

  /** From which revision on, and until which (not included), the reader was shown each version of the key; absences too. */
  spans(
    key: string,
    reader: Reader,
  ): { from: number; until: number; version: Version | undefined }[] {
    const spans = [
      { from: 0, until: Number.POSITIVE_INFINITY, version: undefined as Version | undefined },
    ];
    for (const { revision, current, previous } of this.#changes) {
      if ((current ?? previous)?.key !== key) continue;
      spans.at(-1)!.until = revision;
      const isShown = current !== undefined && !isHiddenFrom(reader, current.object);
      const version = isShown ? versionTo(reader, current) : undefined;
      spans.push({ from: revision, until: Number.POSITIVE_INFINITY, version });
    }
    return spans;
  }

  /** When the object with this uid was gone; infinite while it is there. */
  goneAt(uid: string): number {
    const end = this.#changes.find(
      ({ current, previous }) => previous?.uid === uid && current?.uid !== uid,
    );
    return end?.revision ?? Number.POSITIVE_INFINITY;
  }
}

function versionTo(reader: Reader, version: Version): Version {
  return reader === "model" ? version : { ...version, object: shownTo(reader, version.object) };
}

/** Who leaves a selection is DELETED as it was shown last, with the revision of its leaving. */
function departure(revision: number, { key, object }: Version): Shown {
  const metadata = { ...object.metadata, resourceVersion: String(revision) };
  return { type: "DELETED", key, revision, object: { ...object, metadata } };
}
