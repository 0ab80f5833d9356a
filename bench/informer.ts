import { demand, type Server } from "./http.ts";
import { watchEvents } from "./watch-lines.ts";

/** How an informer of client-go begins: one WATCH that also brings the list (since 1.35), or a LIST and then a WATCH. */
export type InformerKind = "WatchList" | "LIST and WATCH";

/** An informer that has synced; it goes on watching until its signal aborts. */
export interface Informer {
  /** How many objects it began with. */
  readonly objects: number;
  /** Resolves with the first change after the sync. */
  readonly firstChange: Promise<void>;
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
  const changed = Promise.withResolvers<void>();
  const follow = async () => {
    for await (const { type } of watchEvents(server, `${path}?${query}`, signal))
      if (type !== "BOOKMARK") changed.resolve();
  };
  follow().catch(changed.reject);
  changed.promise.catch(() => undefined);
  return { objects: list.items.length, firstChange: changed.promise };
}

async function watchList(server: Server, path: string, signal: AbortSignal): Promise<Informer> {
  const query =
    "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=300";
  const synced = Promise.withResolvers<number>();
  const changed = Promise.withResolvers<void>();
  const follow = async () => {
    let objects = 0;
    let isSynced = false;
    for await (const { type, object } of watchEvents(server, `${path}?${query}`, signal)) {
      if (object.metadata.annotations?.["k8s.io/initial-events-end"] === "true") {
        isSynced = true;
        synced.resolve(objects);
      } else if (isSynced && type !== "BOOKMARK") changed.resolve();
      else objects++;
    }
    throw new Error("the watch ended");
  };
  follow().catch((error: unknown) => {
    synced.reject(error);
    changed.reject(error);
  });
  changed.promise.catch(() => undefined);
  return { objects: await synced.promise, firstChange: changed.promise };
}
