import { connect, createServer, type Server, type Socket } from "node:net";

/** What a relay says of itself. */
export interface RelayState {
  readonly link: "passing" | "cut";
  /** How many are open. */
  readonly connections: number;
}

/** Passes bytes between whoever connects and one server, until it is told not to. */
export interface Relay {
  readonly port: number;
  readonly state: RelayState;
  /** Nothing passes from here on, and nobody is told: no byte, no end, no reset. */
  cut(): void;
  /** What was held goes on, as it does when lost packets get through at last. */
  restore(): void;
  stop(): void;
}

/** The two ends of one connection. */
class Passage {
  readonly #client: Socket;
  readonly #upstream: Socket;
  readonly #waiting: (() => void)[] = [];
  #isHeld = false;

  constructor(client: Socket, upstream: Socket, onEnd: () => void) {
    this.#client = client;
    this.#upstream = upstream;
    this.#pass(client, upstream);
    this.#pass(upstream, client);
    client.on("close", onEnd);
  }

  /** Reads neither end: the kernels' windows fill, and senders wait. */
  hold(): void {
    this.#isHeld = true;
    this.#client.pause();
    this.#upstream.pause();
  }

  release(): void {
    this.#isHeld = false;
    for (const act of this.#waiting.splice(0)) act();
    this.#client.resume();
    this.#upstream.resume();
  }

  destroy(): void {
    this.#client.destroy();
    this.#upstream.destroy();
  }

  #pass(from: Socket, to: Socket): void {
    from.on("data", (bytes: Uint8Array) => {
      if (!to.write(bytes)) from.pause();
    });
    to.on("drain", () => {
      if (!this.#isHeld) from.resume();
    });
    from.on("end", () => this.#when(() => to.end()));
    from.on("error", () => this.#when(() => to.resetAndDestroy()));
    from.on("close", () => this.#when(() => to.destroySoon()));
  }

  /** What one end does reaches the other when the link is whole. */
  #when(act: () => void): void {
    if (this.#isHeld) this.#waiting.push(act);
    else act();
  }
}

/** Starts it; rejects when nobody may listen there. */
export async function startRelay(
  listen: { readonly hostname: string; readonly port: number },
  to: { readonly hostname: string; readonly port: number },
): Promise<Relay> {
  const passages = new Set<Passage>();
  let link: RelayState["link"] = "passing";
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect({ host: to.hostname, port: to.port, allowHalfOpen: true });
    const passage = new Passage(client, upstream, () => passages.delete(passage));
    passages.add(passage);
    if (link === "cut") passage.hold();
  });
  const port = await listenOn(server, listen);
  return {
    port,
    get state() {
      return { link, connections: passages.size };
    },
    cut: () => {
      link = "cut";
      for (const passage of passages) passage.hold();
    },
    restore: () => {
      link = "passing";
      for (const passage of passages) passage.release();
    },
    stop: () => {
      server.close();
      for (const passage of passages) passage.destroy();
    },
  };
}

function listenOn(
  server: Server,
  { hostname, port }: { readonly hostname: string; readonly port: number },
): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, hostname, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}
