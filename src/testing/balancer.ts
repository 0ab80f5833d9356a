import { connect, createServer } from "node:net";

/** A balancer of connections: the first goes to the first server, the next to the next one, and round again. */
export interface Balancer {
  readonly port: number;
  stop(): void;
}

/** Starts it on 127.0.0.1; it passes bytes and knows nothing of them. */
export async function startBalancer(targetPorts: readonly number[]): Promise<Balancer> {
  let count = 0;
  const open = new Set<() => void>();
  const server = createServer((client) => {
    const upstream = connect(targetPorts[count++ % targetPorts.length] ?? 0, "127.0.0.1");
    const close = () => {
      open.delete(close);
      client.destroy();
      upstream.destroy();
    };
    open.add(close);
    for (const socket of [client, upstream]) {
      socket.on("error", close);
      socket.on("close", close);
    }
    client.pipe(upstream);
    upstream.pipe(client);
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    stop: () => {
      server.close();
      for (const close of open) close();
    },
  };
}
