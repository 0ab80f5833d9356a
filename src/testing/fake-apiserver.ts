import { createServer, type ServerResponse } from "node:http";
import { type Socket } from "node:net";

import { StatusError } from "../api/status.ts";
import { type FakeAnswer, jsonAnswer, statusAnswer } from "./fake-answer.ts";
import { authenticate, authorize } from "./fake-authorization.ts";
import { discover } from "./fake-discovery.ts";
import { FakeFaults } from "./fake-faults.ts";
import { handleResource } from "./fake-handler.ts";
import { normalizeObject } from "./fake-json.ts";
import { type ReadRequest, respond, watchSink } from "./fake-respond.ts";
import { asksWhoItIs, selfSubjectReview } from "./fake-self-subject.ts";
import { FakeStore } from "./fake-store.ts";
import { fakeTypes } from "./fake-types.ts";
import { type WatchSink } from "./fake-watch.ts";

export interface FakeOptions {
  readonly port?: number;
  /** How many events a type's watch window holds; unbounded unless told otherwise. */
  readonly watchCacheSize?: number;
  readonly watchList?: "on" | "off";
  readonly bookmarkEveryMs?: number;
}

/** An apiserver in this process that keeps the list/get/watch/write contract, with faults on demand. */
export interface FakeApiserver {
  readonly url: string;
  readonly port: number;
  readonly adminToken: string;
  /** Known, and allowed nothing, as in a cluster without role bindings. */
  readonly aliceToken: string;
  readonly store: FakeStore;
  readonly faults: FakeFaults;
  /** How many watches are open. */
  watches(): number;
  /** Ends every watch: cleanly, as an apiserver does, or by a reset. */
  cutWatches(how: "clean" | "reset"): void;
  /** Resets every connection. */
  resetConnections(): void;
  /** Goes down, resetting every connection; `start` brings the same data back on the same port. */
  pause(): Promise<void>;
  start(): Promise<void>;
  /** Another cluster's data in place of what there was: `start` brings up an apiserver with nothing but its namespaces. */
  replace(): void;
  stop(): Promise<void>;
}

/**
 * Starts it on 127.0.0.1. It stands on node:http, not on Bun.serve, which holds a response's head until the first byte of the body
 * and joins repeated headers: an apiserver does neither, and tests count on both.
 */
export async function startFakeApiserver(options: FakeOptions = {}): Promise<FakeApiserver> {
  const store = new FakeStore(options.watchCacheSize ?? Number.POSITIVE_INFINITY);
  const faults = new FakeFaults();
  const sockets = new Set<Socket>();
  const watches = new Set<ServerResponse>();
  const settings = {
    store,
    watchList: options.watchList ?? "on",
    bookmarkEveryMs: options.bookmarkEveryMs ?? 60_000,
  } as const;
  seed(store);
  const server = createServer((request, response) => {
    const sink = watchSink(response, watches);
    const run = (read: ReadRequest) => answer(settings, read, sink);
    respond(request, response, faults, run).catch((error: unknown) => {
      // A request that was reset cannot be read or answered, and nobody waits for it.
      if (!request.destroyed && !response.destroyed) console.error("fake apiserver:", error);
      request.socket.destroy();
    });
  });
  server.keepAliveTimeout = 120_000;
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  const listen = (port: number) =>
    new Promise<number>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", () => {
        const address = server.address();
        resolve(typeof address === "object" && address !== null ? address.port : port);
      });
    });
  const resetConnections = () => {
    for (const socket of sockets) socket.destroy();
  };
  const pause = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    resetConnections();
    server.closeAllConnections();
    await closed;
  };
  const port = await listen(options.port ?? 0);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    adminToken: "admin-token",
    aliceToken: "alice-token",
    store,
    faults,
    watches: () => watches.size,
    cutWatches: (how) => {
      for (const watch of watches) {
        if (how === "clean") watch.end();
        else watch.socket?.destroy();
      }
    },
    resetConnections,
    pause,
    start: async () => void (await listen(port)),
    replace: () => {
      store.clear();
      seed(store);
    },
    stop: pause,
  };
}

/** Namespaces that every cluster has. */
function seed(store: FakeStore): void {
  const type = fakeTypes.find(({ kind }) => kind === "Namespace");
  if (type === undefined) return;
  for (const name of ["default", "kube-system", "kube-public", "kube-node-lease"]) {
    const metadata = {
      name,
      uid: crypto.randomUUID(),
      resourceVersion: "0",
      creationTimestamp: "2026-01-01T00:00:00Z",
      labels: { "kubernetes.io/metadata.name": name },
    };
    const spec = { finalizers: ["kubernetes"] };
    store.put(type, normalizeObject(type, { metadata, spec, status: { phase: "Active" } }));
  }
}

/** The one catch: what the apiserver says becomes an answer, what is ours ends the test loudly. */
async function answer(
  settings: Parameters<typeof handleResource>[0],
  read: ReadRequest,
  sink: WatchSink,
): Promise<FakeAnswer | undefined> {
  const { info, accept } = read;
  try {
    const user = authenticate(read.authorization);
    if (asksWhoItIs(user, info))
      return jsonAnswer(201, selfSubjectReview(user, read.authorization), "json");
    authorize(user, info);
    if (info.isResourceRequest) return await handleResource(settings, { ...read, info }, sink);
    const found = discover(info.path);
    const plain = { contentType: "text/plain; charset=utf-8" };
    if (found === undefined) return { ...plain, code: 404, body: "404 page not found\n" };
    if (found.kind === "text") return { ...plain, code: 200, body: found.text };
    const isVersion = info.path === "/version";
    return jsonAnswer(200, JSON.stringify(found.value), isVersion ? "pretty" : "json");
  } catch (error) {
    if (error instanceof StatusError) return statusAnswer(error.status, error.status.code, accept);
    console.error("fake apiserver:", error);
    const head = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure" };
    return statusAnswer({ ...head, message: String(error), code: 500 }, 500, accept);
  }
}
