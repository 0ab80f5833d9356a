import type { ClientTls } from "./credentials.ts";

/** Whose credentials a request carries: the proxy's own, or the caller's, and then nothing of ours, client certificate included. */
export type Identity = "own" | "caller";

/**
 * Which connections a request takes. Watches share HTTP/2 where it is offered; all else is HTTP/1.1 (BUN.md 6). A `single`
 * one is on a connection of its own: what a dead pooled socket would make fetch send twice (BUN.md 5l).
 */
export type Lane = "watch" | "bulk" | "single";

/** Connections are shared by requests of the same identity and lane. */
export interface LaneOf {
  readonly identity: Identity;
  readonly lane: Lane;
}

/** Idle connections go after this, before a NAT or load balancer on the way forgets them. */
const idleSeconds = 30;

/** The connections that are kept, by identity and lane. */
export class Sessions {
  #sessions = new Map<string, Bun.FetchSession>();
  readonly #used = new Set<string>();

  /** The session of these connections; made with the TLS material when there is none. */
  of(lane: LaneOf, tls: ClientTls): Bun.FetchSession {
    const name = nameOf(lane);
    const there = this.#sessions.get(name);
    if (there !== undefined) return there;
    const hasNoCertificate = lane.identity === "caller";
    const session = new Bun.FetchSession({
      keepAlive: lane.lane === "single" ? false : { idleTimeout: idleSeconds },
      tls: {
        rejectUnauthorized: tls.rejectUnauthorized,
        ...(tls.ca === undefined ? {} : { ca: tls.ca }),
        ...(tls.serverName === undefined ? {} : { serverName: tls.serverName }),
        ...(hasNoCertificate || tls.cert === undefined ? {} : { cert: tls.cert }),
        ...(hasNoCertificate || tls.key === undefined ? {} : { key: tls.key }),
      },
    });
    this.#sessions.set(name, session);
    return session;
  }

  /** It was answered on: fetch may use the connection again, and then may send what was on it again by itself. */
  used(lane: LaneOf): void {
    this.#used.add(nameOf(lane));
  }

  isUsed(lane: LaneOf): boolean {
    return this.#used.has(nameOf(lane));
  }

  /** New connections from here on; what runs on the old ones finishes. */
  renew(lane: LaneOf): void {
    const name = nameOf(lane);
    this.#sessions.get(name)?.close();
    this.#sessions.delete(name);
    this.#used.delete(name);
  }

  renewAll(): void {
    for (const session of this.#sessions.values()) session.close();
    this.#sessions.clear();
    this.#used.clear();
  }
}

function nameOf({ identity, lane }: LaneOf): string {
  return `${identity} ${lane}`;
}
