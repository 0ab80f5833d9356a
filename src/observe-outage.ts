import type { Gauge } from "./admin/metrics.ts";
import type { ProxyParts } from "./proxy/parts.ts";

/** What the metrics say of the way to the apiserver, and of what outages and starts have done to scopes. */
export function outageGauges({ apiserver, caches }: ProxyParts): readonly Gauge[] {
  let outages = 0;
  let overMs = 0;
  apiserver.onOutage((news) => {
    if (news.is === "down") outages++;
    else overMs += news.lastedMs;
  });
  const sinceMs = () => {
    const since = apiserver.outage?.since;
    return since === undefined ? 0 : Date.now() - since.getTime();
  };
  return [
    gauge("upstream_up", "1 while the kube-apiserver is reachable, 0 in an outage.", () =>
      apiserver.outage === undefined ? 1 : 0,
    ),
    counter("upstream_outages_total", "Outages that were found.", () => outages),
    counter(
      "upstream_outage_seconds_total",
      "Seconds in outages, the one under way included.",
      () => (overMs + sinceMs()) / 1000,
    ),
    {
      name: "edge_proxy_upstream_probes_total",
      help: "Probes of the link by what came of them; an unanswered one was overtaken by something else that was heard, or came to nothing.",
      type: "counter",
      read: () =>
        Object.entries(apiserver.probeOutcomes).map(([outcome, value]) => ({
          labels: { outcome },
          value,
        })),
    },
    counter(
      "scopes_restored_total",
      "Scopes that came back from disk.",
      () => caches.tally.restored,
    ),
    counter(
      "scopes_confirmed_total",
      "Scopes that were shown to be up to date after a start or an outage.",
      () => caches.tally.confirmed,
    ),
    {
      name: "edge_proxy_scope_fills_total",
      help: "Whole states that scopes were filled with from upstream: the first one, or another, of which watchers were told the difference (shield) or got a 410.",
      type: "counter",
      read: () => {
        const { filled, bridged, replaced } = caches.tally;
        return [
          { labels: { how: "first" }, value: filled },
          { labels: { how: "difference" }, value: bridged },
          { labels: { how: "410" }, value: replaced },
        ];
      },
    },
    {
      name: "edge_proxy_scope_changes_total",
      help: "Objects that upstream has told scopes of, by the type of the event.",
      type: "counter",
      read: () => {
        const { added, modified, deleted } = caches.tally;
        return [
          { labels: { type: "ADDED" }, value: added },
          { labels: { type: "MODIFIED" }, value: modified },
          { labels: { type: "DELETED" }, value: deleted },
        ];
      },
    },
  ];
}

function gauge(name: string, help: string, value: () => number): Gauge {
  const read = () => [{ labels: {}, value: value() }];
  return { name: `edge_proxy_${name}`, help, type: "gauge", read };
}

function counter(name: string, help: string, value: () => number): Gauge {
  return { ...gauge(name, help, value), type: "counter" };
}
