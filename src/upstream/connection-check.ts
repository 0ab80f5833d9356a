/** A connection must be there by then, with TLS by the second (CONTRACT 19). */
export const connectMs = 2000;
export const connectTlsMs = 3000;

/** How long a connection to this server may take. */
export function connectLimitMs(server: string): number {
  return server.startsWith("https:") ? connectTlsMs : connectMs;
}

/** Whether a new connection to the server, with TLS where it has it, is made within its limit. Who it is there does not matter. */
export async function canConnect(server: string): Promise<boolean> {
  const { protocol, hostname, port } = new URL(server);
  const isTls = protocol === "https:";
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const late = setTimeout(() => resolve(false), connectLimitMs(server));
  const connecting = Bun.connect({
    hostname: hostname.replace(/^\[|\]$/g, ""),
    port: port === "" ? (isTls ? 443 : 80) : Number(port),
    tls: isTls ? { rejectUnauthorized: false } : false,
    socket: {
      open: () => {
        if (!isTls) resolve(true);
      },
      handshake: () => resolve(true),
      data: () => undefined,
      close: () => resolve(false),
      connectError: () => resolve(false),
    },
  });
  connecting.catch(() => resolve(false));
  const isThere = await promise;
  clearTimeout(late);
  void connecting.then(
    (socket) => socket.terminate(),
    () => undefined,
  );
  return isThere;
}
