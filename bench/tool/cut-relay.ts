import { cutLimitSeconds, type Link } from "./link.ts";
import type { RelayState } from "./relay.ts";

/** The relay whose control is at `HOST:PORT` or `unix:PATH`. Rejects with what to do when none answers there. */
export async function openRelayLink(control: string): Promise<Link> {
  const tell = (path: string, method = "POST") => tellRelay(control, path, method);
  await tell("/state", "GET").catch(() => {
    throw new Error(
      `no relay answers at ${control}: start "benchmark relay --to APISERVER" and the proxy with --server-addr of it (--help)`,
    );
  });
  return {
    description: `relay at ${control}`,
    cut: async () => void (await tell(`/cut?seconds=${cutLimitSeconds}`)),
    restore: async () => void (await tell("/restore")),
    connections: async () => (await tell("/state", "GET")).connections,
  };
}

async function tellRelay(control: string, path: string, method: string): Promise<RelayState> {
  const isUnix = control.startsWith("unix:");
  const response = await fetch(`http://${isUnix ? "localhost" : control}${path}`, {
    method,
    ...(isUnix ? { unix: control.slice("unix:".length) } : {}),
    signal: AbortSignal.timeout(5000),
  });
  if (!response.ok) throw new Error(`the relay at ${control} answered ${response.status}`);
  const state: RelayState = JSON.parse(await response.text());
  return state;
}
