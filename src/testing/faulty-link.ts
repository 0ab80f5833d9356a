import { connect, createServer, type Server, type Socket } from "node:net";

/** A way to an upstream, byte for byte, that fails as told. */
export interface FaultyLink {
  readonly port: number;
  /** How many connections were ever made. */
  readonly connections: number;
  /** All is well again for new connections; those of a black hole stay dead. */
  pass(): void;
  /** Nothing passes, and nobody is told: what is open is half-open from here on, what is new is accepted and no more. */
  blackHole(): void;
  /** Nobody listens; what is open is reset. */
  refuse(): void;
  /** What is open is reset, and what is new at once. */
  reset(): void;
  /** Each round trip takes so long, and such a share of new connections is reset: 0.05 is every twentieth. */
  slow(roundTripMs: number, resetShare: number): void;
  stop(): void;
}

interface Ends {
  readonly client: Socket;
  readonly upstream: Socket;
  isDead: boolean;
}

type Mode =
  | { readonly is: "passing" | "black hole" | "refusing" | "resetting" }
  | { readonly is: "slow"; readonly oneWayMs: number; readonly resetShare: number };

/** Starts it on 127.0.0.1, passing all. */
export async function startFaultyLink(targetPort: number, onPort = 0): Promise<FaultyLink> {
  let mode: Mode = { is: "passing" };
  let connections = 0;
  const open = new Set<Ends>();
  const accept = (client: Socket) => {
    connections++;
    client.on("error", () => undefined);
    const isReset =
      mode.is === "resetting" ||
      (mode.is === "slow" && connections % Math.round(1 / mode.resetShare) === 0);
    if (isReset) return void client.resetAndDestroy();
    const ends = {
      client,
      upstream: connect(targetPort, "127.0.0.1"),
      isDead: mode.is === "black hole",
    };
    open.add(ends);
    join(ends, () => (mode.is === "slow" ? mode.oneWayMs : 0));
    client.on("close", () => open.delete(ends));
  };
  let server = createServer(accept);
  const port = await listen(server, onPort);
  const resetAll = () => {
    for (const { client } of open) client.resetAndDestroy();
  };
  const turn = (next: Mode) => {
    if (mode.is === "refusing" && next.is !== "refusing") {
      server = createServer(accept);
      void listen(server, port);
    }
    mode = next;
  };
  return {
    port,
    get connections() {
      return connections;
    },
    pass: () => turn({ is: "passing" }),
    blackHole: () => {
      turn({ is: "black hole" });
      for (const ends of open) ends.isDead = true;
    },
    refuse: () => {
      server.close();
      resetAll();
      turn({ is: "refusing" });
    },
    reset: () => {
      turn({ is: "resetting" });
      resetAll();
    },
    slow: (roundTripMs, resetShare) => turn({ is: "slow", oneWayMs: roundTripMs / 2, resetShare }),
    stop: () => {
      server.close();
      resetAll();
    },
  };
}

/** Passes bytes both ways, each after the delay that holds when it comes; order is kept. */
function join(ends: Ends, delayMs: () => number): void {
  const { client, upstream } = ends;
  const pass = (to: Socket, act: () => void) => {
    if (ends.isDead) return;
    const later = () => void (!ends.isDead && !to.destroyed && act());
    const ms = delayMs();
    if (ms === 0) later();
    else setTimeout(later, ms);
  };
  for (const [from, to] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    from.on("data", (bytes: Uint8Array) => pass(to, () => void to.write(bytes)));
    from.on("end", () => pass(to, () => void to.end()));
    from.on("error", () => pass(to, () => to.resetAndDestroy()));
  }
  client.on("close", () => upstream.destroy());
}

function listen(server: Server, onPort: number): Promise<number> {
  return new Promise((resolve) => {
    server.listen(onPort, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
}
