/** A connection of somebody who means ill: what it sends is bytes, and what it reads is up to it. */
export interface RawSocket {
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
  /** Resolves when an answer has begun, or the connection is gone. */
  readonly answered: Promise<void>;
  close(): void;
}

/** Opens it and sends these bytes. Never rejects: a connection that is refused is gone at once. */
export function openRaw(
  url: string,
  bytes: Uint8Array,
  reading: "reads" | "does not read",
): RawSocket {
  const { hostname, port } = new URL(url);
  const closed = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  let at = 0;
  let socket: Bun.Socket | undefined;
  const send = (to: Bun.Socket) => {
    if (at < bytes.length) at += Math.max(0, to.write(bytes, at, bytes.length - at));
  };
  const gone = () => {
    answered.resolve();
    closed.resolve();
  };
  Bun.connect({
    hostname,
    port: Number(port),
    socket: {
      open: (opened) => {
        socket = opened;
        send(opened);
      },
      drain: send,
      data: (opened) => {
        answered.resolve();
        if (reading === "does not read") opened.pause();
      },
      close: gone,
      error: gone,
    },
  }).catch(gone);
  return { closed: closed.promise, answered: answered.promise, close: () => socket?.terminate() };
}

/** The bytes of a GET. */
export function getBytes(
  target: string,
  host = "localhost",
  lines: readonly string[] = [],
): Uint8Array {
  return Buffer.from([`GET ${target} HTTP/1.1`, `Host: ${host}`, ...lines, "", ""].join("\r\n"));
}
