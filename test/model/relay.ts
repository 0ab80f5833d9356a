import { connect, createServer, type Socket } from "node:net";

/** A link between two, as bytes: it can be held up and cut, and tells connections with watches from others. */
export interface Relay {
  readonly port: number;
  /** Nothing goes through from upstream, on the links of watches or on all, until `release`. */
  hold(which: "watches" | "all"): void;
  release(): void;
  /** Resets the links. */
  cut(which: "watches" | "all"): void;
  /** Resets all links, and refuses new ones until `accept`. */
  refuse(): Promise<void>;
  accept(): Promise<void>;
  stop(): void;
}

interface Link {
  readonly client: Socket;
  readonly upstream: Socket;
  hasWatch: boolean;
  held: Buffer[];
  /** Upstream has ended it; what is held comes first. */
  isOver: boolean;
}

/**
 * Starts a relay on 127.0.0.1. A link has a watch when its latest request asked for one; over TLS, where requests cannot be
 * read, when it offers HTTP/2, as the proxy does for watches only.
 */
export async function startRelay(targetPort: number): Promise<Relay> {
  const links = new Set<Link>();
  let holding: "nothing" | "watches" | "all" = "nothing";
  const isHeld = (link: Link) => holding === "all" || (holding === "watches" && link.hasWatch);
  const server = createServer((client) => {
    const upstream = connect(targetPort, "127.0.0.1");
    const link: Link = { client, upstream, hasWatch: false, held: [], isOver: false };
    links.add(link);
    client.on("data", (chunk: Buffer) => {
      link.hasWatch = readsWatch(chunk) ?? link.hasWatch;
      upstream.write(chunk);
    });
    upstream.on("data", (chunk: Buffer) => {
      if (isHeld(link)) link.held.push(chunk);
      else client.write(chunk);
    });
    const close = () => {
      links.delete(link);
      client.destroy();
      upstream.destroy();
    };
    const over = () => {
      if (isHeld(link) && !client.destroyed) link.isOver = true;
      else client.end();
    };
    upstream.on("end", over);
    upstream.on("close", over);
    upstream.on("error", close);
    client.on("error", close);
    client.on("close", close);
  });
  const listen = (on: number) =>
    new Promise<number>((resolve, reject) => {
      server.once("error", reject);
      server.listen(on, "127.0.0.1", () => {
        const address = server.address();
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      });
    });
  const port = await listen(0);
  const cut = (which: "watches" | "all") => {
    for (const link of links) if (which === "all" || link.hasWatch) link.client.resetAndDestroy();
  };
  return {
    port,
    hold: (which) => {
      holding = which;
    },
    release: () => {
      holding = "nothing";
      for (const link of links) {
        for (const chunk of link.held) link.client.write(chunk);
        link.held = [];
        if (link.isOver) link.client.end();
      }
    },
    cut,
    refuse: async () => {
      if (!server.listening) return;
      const closed = new Promise((resolve) => server.close(resolve));
      cut("all");
      await closed;
    },
    accept: async () => {
      if (!server.listening) await listen(port);
    },
    stop: () => {
      cut("all");
      server.close();
    },
  };
}

/** Whether these bytes begin a watch; undefined where they begin no request. */
function readsWatch(chunk: Buffer): boolean | undefined {
  if (chunk[0] === 0x16) return chunk.includes("\u0002h2");
  const line = chunk.toString("latin1", 0, Math.max(0, chunk.indexOf(13)));
  if (!/^[A-Z]+ \/\S* HTTP\/1\.1$/.test(line)) return undefined;
  return /[?&]watch=(?:1|true)/.test(line);
}
