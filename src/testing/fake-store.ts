import { type Fields } from "../api/item.ts";
import { type ObjectKey, objectKey } from "../api/object-key.ts";
import { selectableFields } from "../api/selectable-fields.ts";
import { type Selectable } from "../api/selection.ts";
import { type JsonObject, objectAt, objectTexts, stringAt } from "./fake-json.ts";
import { type FakeType } from "./fake-types.ts";

/** One version of an object, frozen at its revision. */
export interface StoredObject extends Selectable {
  readonly key: ObjectKey;
  readonly revision: number;
  readonly object: JsonObject;
  readonly full: string;
  readonly item: string;
}

export interface StoredEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly revision: number;
  /** For DELETED the last content at the deletion's revision. */
  readonly current: StoredObject;
  readonly previous: StoredObject | undefined;
}

interface Collection {
  readonly type: FakeType;
  readonly objects: Map<ObjectKey, StoredObject>;
  /** All since the compaction: exact lists reach below the watch window. */
  readonly events: StoredEvent[];
  readonly listeners: Set<() => void>;
  /** A watch from below this revision is too old. */
  oldest: number;
}

/** etcd and its watch caches in one: one revision for all types, each with its events. */
export class FakeStore {
  readonly #collections = new Map<FakeType, Collection>();
  readonly #watchCacheSize: number;
  #revision = 1;
  #compacted = 0;

  constructor(watchCacheSize: number) {
    this.#watchCacheSize = watchCacheSize;
  }

  get revision(): number {
    return this.#revision;
  }

  /** Exact lists and continue tokens below this revision are gone. */
  get compacted(): number {
    return this.#compacted;
  }

  collection(type: FakeType): Collection {
    const found = this.#collections.get(type);
    if (found !== undefined) return found;
    const made: Collection = {
      type,
      objects: new Map(),
      events: [],
      listeners: new Set(),
      oldest: this.#compacted,
    };
    this.#collections.set(type, made);
    return made;
  }

  /** Stores the object at the next revision. */
  put(type: FakeType, object: JsonObject): StoredObject {
    const { objects } = this.collection(type);
    this.#revision += 1;
    const stored = freeze(type, object, this.#revision);
    const previous = objects.get(stored.key);
    objects.set(stored.key, stored);
    const event = { revision: this.#revision, current: stored, previous };
    this.#append(type, { ...event, type: previous === undefined ? "ADDED" : "MODIFIED" });
    return stored;
  }

  /** Removes the object; the result is its last content at the deletion's revision. */
  remove(type: FakeType, stored: StoredObject): StoredObject {
    const { objects } = this.collection(type);
    this.#revision += 1;
    const last = freeze(type, stored.object, this.#revision);
    objects.delete(stored.key);
    const revision = this.#revision;
    this.#append(type, { type: "DELETED", revision, current: last, previous: stored });
    return last;
  }

  /** The objects at a revision, in the order of their keys. */
  at(type: FakeType, revision: number): StoredObject[] {
    const { objects, events } = this.collection(type);
    const state = new Map(objects);
    for (const event of events.toReversed()) {
      if (event.revision <= revision) break;
      if (event.previous === undefined) state.delete(event.current.key);
      else state.set(event.previous.key, event.previous);
    }
    return [...state.values()].toSorted((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** Forgets the history: watches and exact lists from before are answered 410. */
  compact(): void {
    this.#compacted = this.#revision;
    for (const collection of this.#collections.values()) {
      collection.events.length = 0;
      collection.oldest = this.#revision;
    }
  }

  /** Becomes another store: an empty one, whose revisions begin anew. */
  clear(): void {
    this.#revision = 1;
    this.#compacted = 0;
    for (const collection of this.#collections.values()) {
      collection.objects.clear();
      collection.events.length = 0;
      collection.oldest = 0;
    }
  }

  /** Revisions that no object of ours has, as a busy cluster makes them. */
  advance(by: number): void {
    this.#revision += by;
    for (const { listeners } of this.#collections.values())
      for (const notify of listeners) notify();
  }

  #append(type: FakeType, event: StoredEvent): void {
    const collection = this.collection(type);
    collection.events.push(event);
    const evicted = collection.events.at(-1 - this.#watchCacheSize);
    collection.oldest = evicted?.revision ?? collection.oldest;
    for (const notify of collection.listeners) notify();
  }
}

function freeze(type: FakeType, object: JsonObject, revision: number): StoredObject {
  const metadata = { ...objectAt(object, "metadata"), resourceVersion: String(revision) };
  // Spread keeps a key's place: resourceVersion was there, if only as a placeholder, in its type's order.
  const own: JsonObject = { ...object, metadata };
  const namespace = stringAt(metadata, "namespace");
  const name = stringAt(metadata, "name");
  return {
    key: objectKey(namespace, name),
    namespace,
    name,
    revision,
    object: own,
    labels: objectAt(metadata, "labels") as Readonly<Record<string, string>>,
    fields: fieldsOf(type, own),
    ...objectTexts(type, own),
  };
}

function fieldsOf(type: FakeType, object: JsonObject): Fields {
  const fields = selectableFields(type.gvr.group, type.gvr.resource).map((field) => {
    const values = field.json.map((path) => path.reduce<unknown>(step, object));
    const value = values.find((candidate) => candidate !== undefined && candidate !== "");
    return [field.path, value === undefined ? field.absent : scalarText(value)] as const;
  });
  return Object.fromEntries(fields);
}

function scalarText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function step(value: unknown, key: string | number): unknown {
  return typeof value === "object" && value !== null
    ? (value as Readonly<Record<string, unknown>>)[key]
    : undefined;
}
