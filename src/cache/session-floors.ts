import { FieldSelector } from "../api/field-selector.ts";
import type { GroupVersionResource } from "../api/group-version-resource.ts";
import type { Fields, Labels } from "../api/item.ts";
import { objectKey } from "../api/object-key.ts";
import type { ResourceVersion } from "../api/resource-version.ts";
import { selects } from "../api/selection.ts";
import type { Scope, WatchCache } from "./watch-cache.ts";

/** An object as the answer to a write or a read shows it. Without `fields` its selectable fields are not known. */
export interface SeenObject {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: ResourceVersion;
  readonly labels: Labels;
  readonly fields: Fields | undefined;
}

/** What a later read has to show (CONTRACT 2 to 4). */
export type Floor =
  | { readonly kind: "seen"; readonly object: SeenObject }
  | {
      readonly kind: "deleted";
      readonly namespace: string;
      readonly name: string;
      readonly uid: string;
    }
  | {
      readonly kind: "look up";
      readonly gvr: GroupVersionResource;
      readonly namespace: string;
      readonly name: string;
    }
  | { readonly kind: "everything" };

/** What is asked of upstream when the first read needs it. Both reject when upstream does not answer. */
export interface FloorResolver {
  /** The resourceVersion of a consistent `limit=1` metadata LIST of the scope's resource. */
  latest(scope: Scope): Promise<ResourceVersion>;
  /** The object's metadata now; undefined where it is gone or may not be read. */
  object(
    gvr: GroupVersionResource,
    namespace: string,
    name: string,
  ): Promise<SeenObject | undefined>;
}

/** A floor that waits on one scope. */
interface Pending {
  floor: Floor;
  /** By the clock of `performance.now()`. */
  readonly raisedMs: number;
  /** Set by a read that found the deleted object still there: once it is gone, the floor is met for good. */
  wasHeld: boolean;
  /** The answer to what had to be asked, shared by all readers. */
  asked: Promise<void> | undefined;
  atLeast: ResourceVersion | undefined;
}

/** More floors of a scope than this become one on everything (CONTRACT 2). */
export const maxFloors = 4096;

/**
 * What reads must not fall behind, per scope: raised by writes through this proxy before their answers go out, and by
 * forwarded reads. A scope that is started later is ahead of all of them: it is filled by a consistent read.
 */
export class SessionFloors {
  readonly #resolver: FloorResolver;
  #pending = new WeakMap<WatchCache, Pending[]>();

  constructor(resolver: FloorResolver) {
    this.#resolver = resolver;
  }

  /** The floor holds for these scopes' reads from here on. */
  raise(caches: Iterable<WatchCache>, floor: Floor): void {
    for (const cache of caches) {
      const pending = this.#pending.get(cache) ?? [];
      const wasHeld = floor.kind === "deleted" && holds(cache, floor);
      pending.push({ ...unasked, floor, raisedMs: performance.now(), wasHeld });
      this.#pending.set(cache, pending.length > maxFloors ? [everythingFloor()] : pending);
    }
  }

  /** What was raised before this moment holds no more for these scopes' reads: it was of another history (CONTRACT 17). */
  forget(caches: Iterable<WatchCache>, sinceMs: number): void {
    for (const cache of caches) {
      const left = (this.#pending.get(cache) ?? []).filter(({ raisedMs }) => raisedMs >= sinceMs);
      if (left.length === 0) this.#pending.delete(cache);
      else this.#pending.set(cache, left);
    }
  }

  /** How many floors wait on the scope. */
  count(cache: WatchCache): number {
    return this.#pending.get(cache)?.length ?? 0;
  }

  /** Waits until the scope shows all that it must; false when it does not within the time. Never rejects. */
  async settle(cache: WatchCache, timeoutMs: number): Promise<boolean> {
    if (this.#settled(cache)) return true;
    const pending = this.#pending.get(cache) ?? [];
    const asking = pending.map((each) => this.#ask(cache, each));
    try {
      await Promise.all(asking);
    } catch {
      return false;
    }
    return await cache.waitUntil(() => this.#settled(cache), timeoutMs);
  }

  /** Forgets the floors that are met; whether none is left that concerns the scope. */
  #settled(cache: WatchCache): boolean {
    const pending = this.#pending.get(cache);
    if (pending === undefined) return true;
    const left = pending.filter((each) => !isMetForGood(cache, each));
    if (left.length === 0) this.#pending.delete(cache);
    else this.#pending.set(cache, left);
    return left.every((each) => !concerns(cache, each));
  }

  /** Asks upstream what the floor comes to, where it does not say so itself. */
  #ask(cache: WatchCache, pending: Pending): Promise<void> {
    const { floor } = pending;
    if (floor.kind === "seen" || floor.kind === "deleted" || pending.atLeast !== undefined)
      return Promise.resolve();
    pending.asked ??= this.#resolve(cache, pending).catch((error: unknown) => {
      pending.asked = undefined;
      throw error;
    });
    return pending.asked;
  }

  async #resolve(cache: WatchCache, pending: Pending): Promise<void> {
    const { floor } = pending;
    if (floor.kind === "look up") {
      const object = await this.#resolver.object(floor.gvr, floor.namespace, floor.name);
      if (object !== undefined) {
        pending.floor = { kind: "seen", object };
        return;
      }
    }
    pending.floor = { kind: "everything" };
    pending.atLeast = await this.#resolver.latest(cache.scope);
  }
}

const unasked = { asked: undefined, atLeast: undefined } as const;

function everythingFloor(): Pending {
  return { ...unasked, floor: { kind: "everything" }, raisedMs: performance.now(), wasHeld: false };
}

function holds(
  cache: WatchCache,
  object: { namespace: string; name: string; uid: string },
): boolean {
  return cache.store?.get(objectKey(object.namespace, object.name))?.uid === object.uid;
}

function isMetForGood(cache: WatchCache, pending: Pending): boolean {
  const { floor } = pending;
  switch (floor.kind) {
    case "seen":
      return cache.has(floor.object.resourceVersion);
    case "deleted": {
      const isHeld = holds(cache, floor);
      if (isHeld) pending.wasHeld = true;
      return pending.wasHeld && !isHeld;
    }
    case "look up":
      return false;
    case "everything":
      return pending.atLeast !== undefined && cache.has(pending.atLeast);
  }
}

/** Whether a read of the scope has to wait: judged anew each time, since a scope that lags may come to hold the object later. */
function concerns(cache: WatchCache, { floor }: Pending): boolean {
  switch (floor.kind) {
    case "seen": {
      const { namespace, name, labels, fields } = floor.object;
      if (cache.store?.get(objectKey(namespace, name)) !== undefined) return true;
      if (fields !== undefined) return selects(cache.scope, { namespace, name, labels, fields });
      const everyField = { ...cache.scope, fieldSelector: nameOnly(cache.scope) };
      return selects(everyField, { namespace, name, labels, fields: {} });
    }
    case "deleted":
      return holds(cache, floor);
    case "look up":
    case "everything":
      return true;
  }
}

/** Of the scope's field selector what can be judged without the object's fields. */
function nameOnly(scope: Scope): Scope["fieldSelector"] {
  const { requirements } = scope.fieldSelector;
  const known = requirements.filter(({ path }) => path.startsWith("metadata."));
  return new FieldSelector(known);
}
