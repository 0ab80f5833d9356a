import type { LoadTarget } from "./job.ts";
import { ResponseFramer, type ResponseListener } from "./response-framer.ts";

export interface Connection {
  send(request: Uint8Array): void;
  close(): void;
}

export interface ConnectionListener extends ResponseListener {
  /** The connection is gone, by whoever closed it, or was framed wrongly. */
  onClosed(error: Error | undefined): void;
}

/** Opens a raw TCP or TLS connection whose responses are framed and reported. Rejects when it cannot be opened. */
export async function openConnection(
  target: LoadTarget,
  listener: ConnectionListener,
): Promise<Connection> {
  const framer = new ResponseFramer(listener);
  let failure: Error | undefined;
  const greeted = Promise.withResolvers<void>();
  const socket = await Bun.connect({
    hostname: target.hostname,
    port: target.port,
    ...(target.ca === undefined ? {} : { tls: { ca: target.ca, rejectUnauthorized: true } }),
    socket: {
      binaryType: "uint8array",
      data(from, bytes: Uint8Array) {
        try {
          framer.feed(bytes);
        } catch (error) {
          failure = error instanceof Error ? error : new Error(String(error));
          from.terminate();
        }
      },
      // What is written before the handshake is over is lost.
      handshake: (_, isTrusted, error) => {
        if (isTrusted) greeted.resolve();
        else greeted.reject(error ?? new Error("the certificate is not trusted"));
      },
      error: (_, error) => void (failure = error),
      close: () => {
        greeted.reject(failure ?? new Error("the connection was closed"));
        listener.onClosed(failure);
      },
    },
  });
  greeted.promise.catch(() => undefined);
  if (target.ca !== undefined) await greeted.promise;
  return {
    // Requests are a few hundred bytes on a connection that waits for its answer: they always fit into the socket's buffer.
    send: (request) => void socket.write(request),
    close: () => void socket.end(),
  };
}

/** The bytes of a GET. */
export function encodeGet(target: LoadTarget, path: string): Uint8Array {
  const host = `Host: ${target.hostname}:${target.port}`;
  const lines = [`GET ${path} HTTP/1.1`, host, ...target.headers, "", ""];
  return Buffer.from(lines.join("\r\n"));
}
