import { demand, type Server } from "./http.ts";
import { type BenchEvent, watchEvents } from "./watch-lines.ts";

/** How an informer of client-go begins: one WATCH that also brings the list (since 1.35), or a LIST and then a WATCH. */
export type InformerKind = "WatchList" | "LIST and WATCH";

/** An informer that has synced; it goes on watching until its signal aborts. */
export interface Informer {
  /** How many objects it began with. */
  readonly objects: number;
  /** Resolves with the first change after the sync. Rejects when its watch ends before. */
  readonly firstChange: Promise<void>;
  /** Resolves when it has been told of something of this resourceVersion or a later one. Rejects when its watch ends before. */
  reached(resourceVersion: number): Promise<void>;
}

/** Resolves when it has synced. Rejects when it cannot. */
export function startInformer(
  kind: InformerKind,
  server: Server,
  path: string,
  signal: AbortSignal,
): Promise<Informer> {
  return kind === "WatchList"
    ? watchList(server, path, signal)
    : listAndWatch(server, path, signal);
}

async function listAndWatch(server: Server, path: string, signal: AbortSignal): Promise<Informer> {
  const bytes = await demand(server, `${path}?resourceVersion=0&limit=500`, { signal });
  const list: { metadata: { resourceVersion: string }; items: readonly unknown[] } = JSON.parse(
    bytes.toString(),
  );
  const from = list.metadata.resourceVersion;
  const query = `watch=1&allowWatchBookmarks=true&resourceVersion=${from}&timeoutSeconds=300`;
  const changes = new Changes();
  const follow = async () => {
    for await (const event of watchEvents(server, `${path}?${query}`, signal)) changes.take(event);
    throw new Error("the watch ended");
  };
  follow().catch((error: unknown) => changes.end(error));
  return changes.informer(list.items.length);
}

async function watchList(server: Server, path: string, signal: AbortSignal): Promise<Informer> {
  const query =
    "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=300";
  const synced = Promise.withResolvers<number>();
  const changes = new Changes();
  const follow = async () => {
    let objects = 0;
    let isSynced = false;
    for await (const event of watchEvents(server, `${path}?${query}`, signal)) {
      if (isSynced) changes.take(event);
      else if (event.object.metadata.annotations?.["k8s.io/initial-events-end"] === "true") {
        isSynced = true;
        synced.resolve(objects);
      } else objects++;
    }
    throw new Error("the watch ended");
  };
  follow().catch((error: unknown) => {
    synced.reject(error);
    changes.end(error);
  });
  return changes.informer(await synced.promise);
}

interface Waiter {
  readonly resourceVersion: number;
  readonly promise: PromiseWithResolvers<void>;
}

/** What an informer is told after its sync, and who waits for it. */
class Changes {
  readonly #first = Promise.withResolvers<void>();
  #waiters: readonly Waiter[] = [];
  #reached = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor() {
    this.#first.promise.catch(() => undefined);
  }

  take({ type, object }: BenchEvent): void {
    if (type === "BOOKMARK") return;
    if (type === "ERROR") throw new Error("the watch was ended by an ERROR event");
    this.#first.resolve();
    this.#reached = Number(object.metadata.resourceVersion);
    for (const { resourceVersion, promise } of this.#waiters)
      if (resourceVersion <= this.#reached) promise.resolve();
    this.#waiters = this.#waiters.filter((each) => each.resourceVersion > this.#reached);
  }

  end(error: unknown): void {
    this.#failure = { error };
    this.#first.reject(error);
    for (const { promise } of this.#waiters) promise.reject(error);
  }

  informer(objects: number): Informer {
    return {
      objects,
      firstChange: this.#first.promise,
      reached: async (resourceVersion) => {
        if (this.#reached >= resourceVersion) return;
        if (this.#failure !== undefined) throw this.#failure.error;
        const promise = Promise.withResolvers<void>();
        this.#waiters = [...this.#waiters, { resourceVersion, promise }];
        return await promise.promise;
      },
    };
  }
}
