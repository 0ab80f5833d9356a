import { chmod, unlink } from "node:fs/promises";

import { Flights } from "./cache/flight.ts";
import { SessionFloors } from "./cache/session-floors.ts";
import { describeScope, WatchCaches } from "./cache/watch-caches.ts";
import { type Config, ConfigError } from "./config.ts";
import { openConfiguredCredentials } from "./configured-credentials.ts";
import { log } from "./log.ts";
import { createHandler } from "./proxy/handler.ts";
import type { Connection, ProxyParts } from "./proxy/parts.ts";
import { Watches } from "./proxy/watch.ts";
import { Apiserver } from "./upstream/apiserver.ts";
import { UpstreamFloorResolver } from "./upstream/floor-resolver.ts";
import type { CredentialSource } from "./upstream/kubeconfig.ts";
import { UpstreamListerWatcher } from "./upstream/lister-watcher.ts";
import { version } from "./version.ts";

/** Seconds; clients of client-go keep their connections for 90 s. */
const idleTimeoutSeconds = 120;
/** Bodies are streamed through: upstream says what is too large. */
const maxBodyBytes = 1 << 30;

/** Serves until SIGTERM or SIGINT, then resolves. Rejects with a ConfigError for what cannot be used: credentials, a port in use. */
export async function serve(config: Config): Promise<void> {
  const credentials = await openConfiguredCredentials(config);
  const { parts, watches, now } = compose(config, credentials);
  const handle = createHandler(parts, { watches, now }, { answered: () => undefined });
  const listeners = await listen(config, (request, server, lendsIdentity) =>
    handle(request, connectionOf(request, server, lendsIdentity)),
  );
  const ticking = setInterval(() => {
    parts.caches.tick();
    watches.tick(now());
  }, 1000);
  log.info(`edge-proxy ${version} serves ${credentials.current().server}`, {
    on: listeners.map(({ url }) => String(url)).join(" "),
    as: credentials.current().source,
  });
  await stopSignal();
  clearInterval(ticking);
  for (const listener of listeners) void listener.stop();
  watches.endAll();
  parts.caches.stop();
  credentials.close();
  await drained(listeners, config.shutdownGraceMs);
  log.info("stopped");
  process.exit(0);
}

function compose(config: Config, credentials: CredentialSource) {
  const now = () => performance.now();
  const apiserver = new Apiserver(credentials);
  const lister = new UpstreamListerWatcher(apiserver);
  const resolver = new UpstreamFloorResolver(apiserver);
  const caches = new WatchCaches(lister, {
    scopeWindowMs: config.scopeWindowMs,
    scopeIdleMs: config.scopeIdleMs,
    memoryLimitBytes: config.memoryLimitBytes,
    healthIntervalMs: config.healthIntervalMs,
    now,
    report: (scope, outcome, error) => {
      const what = `the watch of ${describeScope(scope)}`;
      if (outcome === "recovered") log.info(`${what} goes on`);
      else if (outcome === "failing") log.warn(`${what} failed and is tried again`, { error });
      else log.warn(`${what} does not fit into --memory-limit: its requests go upstream`);
    },
  });
  const parts: ProxyParts = {
    apiserver,
    caches,
    lister,
    floors: new SessionFloors(resolver),
    resolver,
    flights: new Flights(),
    acceptHosts: config.acceptHosts,
    readConsistency: config.readConsistency,
    isCacheable: config.isCacheable,
    healthIntervalMs: config.healthIntervalMs,
    watchBufferBytes: config.watchBufferBytes,
  };
  return { parts, watches: new Watches(), now };
}

type Server = Bun.Server<undefined>;
type Answer = (request: Request, server: Server, lendsIdentity: boolean) => Promise<Response>;

function connectionOf(request: Request, server: Server, lendsIdentity: boolean): Connection {
  return {
    lendsIdentity,
    keepOpen: () => server.timeout(request, 0),
    drop: () => server.timeout(request, 1),
  };
}

async function listen(config: Config, answer: Answer): Promise<readonly Server[]> {
  const { hostname, port } = config.bindAddress;
  const common = { development: false, maxRequestBodySize: maxBodyBytes } as const;
  const lendsIdentity = isLoopback(hostname);
  const listeners = [
    bind(`--bind-address: ${hostname}:${port}`, () =>
      Bun.serve({
        ...common,
        hostname,
        port,
        idleTimeout: idleTimeoutSeconds,
        fetch: (request, server) => answer(request, server, lendsIdentity),
      }),
    ),
  ];
  const { bindSocket } = config;
  if (bindSocket !== undefined) {
    await removeStale(bindSocket);
    listeners.push(
      bind(`--bind-socket: ${bindSocket}`, () =>
        Bun.serve({
          ...common,
          unix: bindSocket,
          fetch: (request, server) => answer(request, server, true),
        }),
      ),
    );
    await chmod(bindSocket, 0o600);
  }
  return listeners;
}

/** A flag's name and value, and how it is bound: what fails is one line that names it. */
function bind(what: string, open: () => Server): Server {
  try {
    return open();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const reason =
      code === "EADDRINUSE"
        ? "is in use: stop what listens there, or choose another"
        : `cannot be listened on (${code || String(error)})`;
    throw new ConfigError(`${what} ${reason}`, error);
  }
}

/** Removes a socket file that nobody listens on any more. */
async function removeStale(path: string): Promise<void> {
  try {
    const socket = await Bun.connect({ unix: path, socket: { data: () => undefined } });
    socket.end();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ECONNREFUSED")
      await unlink(path);
  }
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "::1" || /^127\./.test(hostname);
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let isAsked = false;
    const stop = () => {
      if (isAsked) process.exit(1);
      isAsked = true;
      resolve();
    };
    process.on("SIGTERM", stop);
    process.on("SIGINT", stop);
    process.on("SIGHUP", () => undefined);
    process.on("uncaughtException", (error) => log.error("an unexpected error", { error }));
    process.on("unhandledRejection", (error) => log.error("an unexpected rejection", { error }));
  });
}

async function drained(listeners: readonly Server[], graceMs: number): Promise<void> {
  const deadline = performance.now() + graceMs;
  while (listeners.some(({ pendingRequests }) => pendingRequests > 0)) {
    if (performance.now() > deadline) break;
    await Bun.sleep(20);
  }
  for (const listener of listeners) await listener.stop(true);
}
