import type { Server } from "../http.ts";
import { openIptables } from "./cut-iptables.ts";
import { openRelayLink } from "./cut-relay.ts";
import type { Link } from "./link.ts";
import type { BenchmarkOptions } from "./options.ts";

/** Rejects with what to do where the link cannot be cut so. */
export function openLink(
  options: Pick<BenchmarkOptions, "cut" | "relay">,
  apiserver: Server,
): Promise<Link> {
  switch (options.cut) {
    case "relay":
      return openRelayLink(options.relay);
    case "iptables":
      return openIptables(new URL(apiserver.url));
  }
}
