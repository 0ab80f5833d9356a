import type { AdminParts } from "./admin/handler.ts";
import { type Counter, type Gauge, type Histogram, Metrics } from "./admin/metrics.ts";
import type { ScopeRow } from "./admin/status-page.ts";
import type { RequestInfo } from "./api/request-info.ts";
import { describeScope, type LiveScope } from "./cache/watch-caches.ts";
import { diskFact, diskGauges } from "./observe-disk.ts";
import { outageGauges } from "./observe-outage.ts";
import { processGauges } from "./observe-process.ts";
import type { DiskStore } from "./open-disk.ts";
import { isAccepted, isAddress } from "./proxy/guard.ts";
import type { Observer } from "./proxy/handler.ts";
import type { ProxyParts, Source } from "./proxy/parts.ts";
import type { Watches } from "./proxy/watches.ts";
import { version } from "./version.ts";

/** What the admin listener shows of the proxy, and the observer that counts its answers. */
export interface Observation {
  readonly admin: AdminParts;
  readonly observer: Observer;
  /** From here on /readyz fails: the process is about to stop. */
  readonly stopping: () => void;
}

/** How late a timer of a tenth of a second has come lately, in seconds: how long the event loop was blocked. */
class LoopLag {
  #worst = 0;
  #due = performance.now();

  constructor(everyMs: number) {
    this.#due += everyMs;
    setInterval(() => {
      const now = performance.now();
      this.#worst = Math.max(this.#worst * 0.95, (now - this.#due) / 1000);
      this.#due = now + everyMs;
    }, everyMs).unref();
  }

  get seconds(): number {
    return Math.max(0, this.#worst);
  }
}

/** Looks at the parts from outside; they know nothing of it. */
export function observe(
  parts: ProxyParts,
  watches: Watches,
  inFlight: () => number,
  disk: DiskStore | undefined,
): Observation {
  const metrics = new Metrics();
  let isStopping = false;
  for (const gauge of gauges(parts, watches, inFlight, disk)) metrics.gauge(gauge);
  measureUpstream(metrics, parts);
  const upstream = {
    name: "upstream",
    failure: () => {
      const since = parts.apiserver.outage?.since;
      return since && `${parts.apiserver.server} has not answered since ${since.toISOString()}`;
    },
  };
  const credentials = {
    name: "credentials",
    failure: () =>
      parts.apiserver.lacksCredentials
        ? "they could not be read yet, as the log says, and are tried again"
        : undefined,
  };
  const shutdown = { name: "shutdown", failure: () => (isStopping ? "stopping" : undefined) };
  const ping = { name: "ping", failure: () => undefined };
  return {
    admin: {
      isAcceptedHost: (host) =>
        host === "" || isAddress(host) || isAccepted(host, parts.acceptHosts),
      version: { version, bun: Bun.version, platform: `${process.platform}/${process.arch}` },
      metrics,
      livez: [ping],
      readyz: [ping, shutdown, credentials, upstream],
      scopes: () => [...parts.caches.all].map(rowOf),
      facts: () => facts(parts, watches, disk),
    },
    observer: countAnswers(metrics),
    stopping: () => {
      isStopping = true;
    },
  };
}

const methods: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
]);

function measureUpstream(metrics: Metrics, { apiserver }: ProxyParts): void {
  const series = new Map<string, Histogram>();
  const seriesOf = (method: string): Histogram => {
    const made = metrics.histogram(
      "edge_proxy_upstream_duration_seconds",
      "Time until upstream's response head, by method; without watches.",
      { method },
    );
    series.set(method, made);
    return made;
  };
  apiserver.onAnswer((asked, tookMs) => {
    const method = methods.has(asked) ? asked : "other";
    (series.get(method) ?? seriesOf(method)).observe(tookMs / 1000);
  });
}

/** The series that an answer counts in. */
interface Answered {
  readonly total: Counter;
  readonly duration: Histogram;
}

/** Of more series than this each is looked up again. */
const maxKnownSeries = 1024;

function countAnswers(metrics: Metrics): Observer {
  const known = new Map<string, Answered>();
  const resources = new KnownResources();
  return {
    answered: (info, status, source, tookMs) => {
      const verb = verbs.has(info.verb) ? info.verb : "other";
      const resource = resources.labelOf(info, status, source);
      const key = `${verb} ${resource} ${status} ${source}`;
      const there = known.get(key);
      const { total, duration } = there ?? answeredSeries(metrics, verb, resource, status, source);
      if (there === undefined && known.size < maxKnownSeries) known.set(key, { total, duration });
      total.value++;
      duration.observe(tookMs / 1000);
    },
  };
}

/** The verbs of RequestInfo, and the methods of what is no resource. */
const verbs: ReadonlySet<string> = new Set([
  "create",
  "delete",
  "deletecollection",
  "get",
  "head",
  "list",
  "options",
  "patch",
  "post",
  "proxy",
  "put",
  "update",
  "watch",
]);

/** The resources that upstream serves, as its answers tell: a caller may name any other. */
class KnownResources {
  readonly #names = new Set<string>();

  /** The resource's name; `other` for one that nothing was ever served of, empty for what is no resource. */
  labelOf(info: RequestInfo, status: number, source: Source): string {
    if (!info.isResourceRequest) return "";
    const { resource } = info;
    if (this.#names.has(resource)) return resource;
    const isServed = status >= 200 && status < 300 && source !== "reject";
    if (!isServed || !resourceForm.test(resource) || this.#names.size >= maxKnownSeries)
      return "other";
    this.#names.add(resource);
    return resource;
  }
}

/** A resource's name is a DNS label (apiextensions, validation of a CRD's names.plural). */
const resourceForm = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;

function answeredSeries(
  metrics: Metrics,
  verb: string,
  resource: string,
  status: number,
  source: Source,
): Answered {
  return {
    total: metrics.counter(
      "edge_proxy_requests_total",
      "Answers by verb, resource, code and source.",
      { verb, resource, code: String(status), source },
    ),
    duration: metrics.histogram(
      "edge_proxy_request_duration_seconds",
      "Time until the response head, by verb and source.",
      { verb, source },
    ),
  };
}

function rowOf(live: LiveScope): ScopeRow {
  const { cache, reflector } = live;
  return {
    scope: describeScope(cache.scope),
    phase: reflector.state.phase,
    objects: cache.size,
    byteLength: cache.byteLength,
    resourceVersion: cache.resourceVersion ?? "-",
    silentMs: reflector.silentMs,
    watchers: cache.watcherCount,
    hits: live.hits,
  };
}

function facts(
  parts: ProxyParts,
  watches: Watches,
  disk: DiskStore | undefined,
): readonly (readonly [string, string])[] {
  const since = parts.apiserver.outage?.since;
  const { rss } = process.memoryUsage();
  return [
    ["version", version],
    ["upstream", parts.apiserver.server],
    ["state", since === undefined ? "answering" : `unreachable since ${since.toISOString()}`],
    ["watchers", String(watches.count)],
    ["cached bytes", String(parts.caches.byteLength)],
    ["resident bytes", String(rss)],
    ["disk", diskFact(disk)],
    ["up for", `${Math.round(process.uptime())} s`],
  ];
}

function one(
  name: string,
  help: string,
  value: () => number,
  type: Gauge["type"] = "gauge",
): Gauge {
  const read = () => [{ labels: {}, value: value() }];
  return { name: `edge_proxy_${name}`, help, type, read };
}

function gauges(
  parts: ProxyParts,
  watches: Watches,
  inFlight: () => number,
  disk: DiskStore | undefined,
): readonly Gauge[] {
  const lag = new LoopLag(100);
  const scopes = (name: string, help: string, value: (row: ScopeRow) => number): Gauge => ({
    name: `edge_proxy_scope_${name}`,
    help,
    type: "gauge",
    read: () =>
      [...parts.caches.all].slice(0, 200).map((live) => {
        const row = rowOf(live);
        return { labels: { scope: row.scope }, value: value(row) };
      }),
  });
  const watching = () =>
    [...parts.caches.all].filter(({ reflector }) => reflector.state.phase === "Watching").length;
  return [
    ...processGauges(),
    ...outageGauges(parts),
    one("requests_in_flight", "Requests under way, watches included.", inFlight),
    one("watchers", "Watches of clients that are served from scopes.", () => watches.count),
    one(
      "slow_watchers_total",
      "Watches ended because of a slow client.",
      () => watches.slowCount,
      "counter",
    ),
    one("upstream_watches", "Watches of scopes that are open upstream.", watching),
    one("flights", "Reads under way upstream that are shared.", () => parts.flights.size),
    one(
      "cached_bytes",
      "Memory of scopes, history and composed lists.",
      () => parts.caches.byteLength,
    ),
    one("event_loop_lag_seconds", "How long the event loop was blocked lately.", () => lag.seconds),
    ...diskGauges(disk),
    scopes("objects", "Objects of a scope.", (row) => row.objects),
    scopes("bytes", "Memory of a scope.", (row) => row.byteLength),
    scopes(
      "resource_version",
      "The resourceVersion that a scope has reached.",
      (row) => Number(row.resourceVersion) || 0,
    ),
    scopes("age_seconds", "Seconds since upstream was last heard.", (row) => row.silentMs / 1000),
    scopes("watchers", "Watchers of a scope.", (row) => row.watchers),
    scopes("hits", "Answers given from a scope.", (row) => row.hits),
    {
      name: "edge_proxy_build_info",
      help: "The version that runs.",
      type: "gauge",
      read: () => [{ labels: { version, bun: Bun.version }, value: 1 }],
    },
  ];
}
