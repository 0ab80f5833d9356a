import { createAdminHandler } from "./admin/handler.ts";
import { expired } from "./api/status.ts";
import { Flights } from "./cache/flight.ts";
import { AnotherHistoryError } from "./cache/reflector-errors.ts";
import { SessionFloors } from "./cache/session-floors.ts";
import type { Scope, WatchCache } from "./cache/watch-cache.ts";
import { WatchCaches } from "./cache/watch-caches.ts";
import type { Config } from "./config.ts";
import { beginReadingConfigured, openConfiguredCredentials } from "./configured-credentials.ts";
import type { HttpServer } from "./http/http-server.ts";
import { type Admit, listen, listenAdmin } from "./listen.ts";
import { configureLog, log } from "./log.ts";
import { giveBackAfterStart, MemoryWatch, QuietWatch } from "./memory/give-back.ts";
import { observe } from "./observe.ts";
import { type DiskStore, openDisk } from "./open-disk.ts";
import { OutageLog } from "./outage-log.ts";
import { type Another, Ownership } from "./ownership.ts";
import { ForwardedWatches } from "./proxy/forwarded-watches.ts";
import { createHandler, refusalOf } from "./proxy/handler.ts";
import type { ProxyParts } from "./proxy/parts.ts";
import { preload } from "./proxy/preload.ts";
import { Slots } from "./proxy/slots.ts";
import { Watches } from "./proxy/watches.ts";
import { ScopeLog } from "./scope-log.ts";
import { ScopeUses } from "./scope-uses.ts";
import { Apiserver } from "./upstream/apiserver.ts";
import { CheckedListerWatcher } from "./upstream/checked-lister-watcher.ts";
import { UpstreamFloorResolver } from "./upstream/floor-resolver.ts";
import { healthTiming } from "./upstream/health-timing.ts";
import { Holding } from "./upstream/holding.ts";
import type { CredentialSource } from "./upstream/kubeconfig.ts";
import { maxHeldBytes } from "./upstream/short-body.ts";
import { version } from "./version.ts";

const now = () => performance.now();
/** Milliseconds between two looks at what is idle, due or over a limit. */
const tickMs = 1000;
/** What the process takes beside what is cached: code, heap, some garbage (m: 38 MB without a request, 60 under load). */
const besideCachesBytes = 64 << 20;
const someGarbageBytes = 24 << 20;
/** Requests that may be with upstream at a time: each takes some 40 KB, and a node has a few hundred. */
const bytesPerSlot = 64 << 10;
const minSlots = 512;

/**
 * Serves until SIGTERM or SIGINT, then ends the process: 0, or 1 at a second signal.
 * Rejects with a ConfigError for what cannot be used: a port in use, and credentials where nothing on disk can be served without.
 */
export async function serve(config: Config, read: () => Config): Promise<void> {
  // The reading takes longer than the disk (m: 72 to 62 ms until the first answer).
  const reading = beginReadingConfigured(config, "run");
  const disk = await openDisk(config);
  // Without the credentials what is on disk can be served (CONTRACT 25); where there is nothing, nothing can.
  const isServable = ((await disk?.scopes()) ?? []).length > 0;
  const unreadable = isServable ? "is read again" : "is an error";
  const credentials = await openConfiguredCredentials(reading, unreadable);
  const forwarded = new ForwardedWatches();
  let current = config;
  const parts = compose({ config, current: () => current, credentials, disk, forwarded });
  const watches = new Watches();
  const watching = {
    watches,
    now,
    left: (cache: WatchCache) => parts.caches.left(cache),
    bufferBytes: () => current.watchBufferBytes,
  };
  const listeners: HttpServer[] = [];
  const inFlight = () => listeners.reduce((sum, server) => sum + server.pendingRequests, 0);
  const { admin, observer, stopping } = observe(parts, watches, inFlight, disk);
  // What is another's is gone by now; what is not started here is when somebody asks for it.
  for (const scope of (await disk?.recent()) ?? [])
    if (config.isCacheable(scope.gvr.group, scope.gvr.resource)) parts.caches.start(scope);
  const handle = createHandler(parts, watching, observer);
  const admit: Admit = (block, host, listener) => refusalOf(parts, block, host, listener);
  listeners.push(...(await listen(config, handle, admit)));
  const adminListener = listenAdmin(config, createAdminHandler(admin));
  parts.apiserver.startProbing();
  preload(parts, config.preload);
  const uses = disk && new ScopeUses(disk, now);
  const memory = new MemoryWatch(() =>
    Math.max(
      config.memoryLimitBytes + someGarbageBytes,
      parts.caches.byteLength + besideCachesBytes,
    ),
  );
  const quiet = new QuietWatch();
  const ticking = setInterval(() => {
    parts.caches.tick();
    uses?.tick(parts.caches.all);
    watches.tick(now());
    memory.tick(now());
    quiet.tick(listeners.reduce((sum, { requestCount }) => sum + requestCount, 0));
  }, tickMs);
  log.info(`edge-proxy ${version} serves ${parts.apiserver.server}`, {
    on: listeners.map(({ url }) => url).join(" "),
    as: credentials.current().source,
  });
  giveBackAfterStart();
  await untilStopped(() => {
    const { rules } = current;
    current = reread(read, current);
    if (current.rules.id !== rules.id) {
      forwarded.end(expired("the rules of edge-proxy have changed"));
      watches.see(current.rules);
    }
    void credentials.refresh().catch(() => undefined);
  });
  stopping();
  forwarded.end();
  clearInterval(ticking);
  for (const listener of listeners) listener.stop();
  watches.endAll();
  await drained(inFlight, config.shutdownGraceMs);
  await uses?.note(parts.caches.all);
  await disk?.close();
  parts.caches.stop();
  for (const listener of listeners) listener.destroy();
  adminListener?.destroy();
  credentials.close();
  log.info("stopped");
  process.exit(0);
}

/** The config as it is after a SIGHUP; what cannot be used is one line, and nothing changes. */
function reread(read: () => Config, before: Config): Config {
  try {
    const config = read();
    configureLog({ format: config.logFormat, verbosity: config.verbosity });
    log.info(
      "read credentials and config again; what listeners, scopes and limits are set to needs a restart",
    );
    return config;
  } catch (error) {
    log.warn("the config could not be read again and stays as it was", { error });
    return before;
  }
}

interface Composed {
  readonly config: Config;
  readonly current: () => Config;
  readonly credentials: CredentialSource;
  readonly disk: DiskStore | undefined;
  readonly forwarded: ForwardedWatches;
}

/** `current` is what may change while all runs: who is let in, how fresh a read is, what rules show, how much waits for a slow watcher. */
function compose({ config, current, credentials, disk, forwarded }: Composed): ProxyParts {
  const holding = new Holding(Math.max(maxHeldBytes, config.memoryLimitBytes / 8));
  const apiserver = new Apiserver(credentials, healthTiming(config.healthIntervalMs), holding);
  apiserver.onOutage((news) => {
    outageLog.told(apiserver.server, news);
    if (news.is === "up") caches.upstreamIsBack();
  });
  const ownership = new Ownership({
    apiserver,
    credentials,
    owner: disk?.owner,
    giveUp: (what) => {
      giveUp(caches, forwarded, what);
      void disk?.forget();
      preload({ caches }, config.preload);
    },
  });
  const checked = () => ownership.checked;
  const lister = new CheckedListerWatcher(apiserver, checked);
  const resolver = new UpstreamFloorResolver(apiserver, checked);
  const kept = async (scope: Scope) => {
    await ownership.settled;
    return await disk?.restore(scope);
  };
  const floors = new SessionFloors(resolver);
  const caches: WatchCaches = new WatchCaches(lister, {
    scopeWindowMs: config.scopeWindowMs,
    scopeIdleMs: config.scopeIdleMs,
    memoryLimitBytes: config.memoryLimitBytes,
    healthIntervalMs: config.healthIntervalMs,
    now,
    started: (cache) => {
      ownership.learn();
      disk?.keep(cache);
    },
    ...(disk === undefined ? {} : { kept }),
    latest: (scope) => resolver.latestBesideWatches(scope),
    refused: (scope, status) => void disk?.refused(scope, status),
    report: (scope, outcome, error) => {
      if (error instanceof AnotherHistoryError) {
        // What was answered and owed of it means nothing now (CONTRACT 17).
        const { group, resource } = scope.gvr;
        const others = caches.ofStore(group, resource).map(({ cache }) => cache);
        floors.forget(others, error.sinceMs);
        void disk?.forgetHistory(scope);
      }
      if (outcome === "recovered") scopeLog.recovered(scope);
      else if (outcome === "failing") scopeLog.failing(scope, error);
      else scopeLog.tooLarge(scope);
    },
  });
  const outageLog = new OutageLog(caches);
  const scopeLog = new ScopeLog(() => apiserver.outage !== undefined);
  if (disk !== undefined) ownership.begin();
  return {
    apiserver,
    caches,
    lister,
    floors,
    resolver,
    flights: new Flights(),
    slots: new Slots(Math.max(minSlots, Math.floor(config.memoryLimitBytes / bytesPerSlot))),
    disk,
    get acceptHosts() {
      return current().acceptHosts;
    },
    get readConsistency() {
      return current().readConsistency;
    },
    get rules() {
      return current().rules;
    },
    isCacheable: config.isCacheable,
    healthIntervalMs: config.healthIntervalMs,
    get stopping() {
      return forwarded.signal;
    },
  };
}

/**
 * Ends all scopes: what they hold was shown to another identity, or comes from another server, whose resourceVersions need not
 * mean the same. Watchers end cleanly and may resume as far as the identity may; of another server or cluster they get a 410,
 * and so do those that are forwarded to the one before.
 */
function giveUp(caches: WatchCaches, forwarded: ForwardedWatches, what: Another): void {
  if (what !== "identity") {
    const error = expired(`upstream is another ${what}`);
    for (const { cache } of caches.all) cache.endWatchers(error.status);
    forwarded.end(error);
  }
  caches.stop();
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. SIGHUP reads again what may have changed. */
function untilStopped(reload: () => void): Promise<void> {
  return new Promise((resolve) => {
    let isAsked = false;
    const stop = () => {
      if (isAsked) process.exit(1);
      isAsked = true;
      resolve();
    };
    process.on("SIGTERM", stop);
    process.on("SIGINT", stop);
    process.on("SIGHUP", reload);
    process.on("uncaughtException", (error) => log.error("an unexpected error", { error }));
    process.on("unhandledRejection", (error) => log.error("an unexpected rejection", { error }));
  });
}

/** Waits until no request is under way, or the grace is over. */
async function drained(inFlight: () => number, graceMs: number): Promise<void> {
  const deadline = performance.now() + graceMs;
  while (inFlight() > 0 && performance.now() < deadline) await Bun.sleep(20);
}
