import { isOwnTarget } from "./forward-fixture.ts";

/** An upstream of the tests that speaks WebSocket and does what the path says; its ends of the connections are at hand. */
export interface SocketUpstream {
  readonly url: string;
  /** What has been asked for, in order, what the proxy asks for itself aside. */
  readonly requests: readonly { readonly target: string; readonly headers: Headers }[];
  readonly sockets: readonly UpstreamSocket[];
  /** Handshakes at `/hanging` whose client has left. */
  readonly left: readonly string[];
  stop(): void;
}

export interface UpstreamSocket {
  readonly target: string;
  readonly received: (string | Uint8Array)[];
  readonly socket: Bun.ServerWebSocket<UpstreamSocket>;
  /** Bytes received so far. */
  receivedBytes: number;
  closed: { readonly code: number; readonly reason: string } | undefined;
}

const statusBody = JSON.stringify({
  kind: "Status",
  apiVersion: "v1",
  metadata: {},
  status: "Failure",
  message: "pods is forbidden: by the test",
  reason: "Forbidden",
  code: 403,
});

/** `/refused` answers 403; `/hanging` nothing; `/early` speaks first; `/quiet` and `/sink` take what comes; anything else echoes. */
export function startSocketUpstream(): SocketUpstream {
  const requests: { target: string; headers: Headers }[] = [];
  const sockets: UpstreamSocket[] = [];
  const left: string[] = [];
  const server: Bun.Server<UpstreamSocket> = Bun.serve<UpstreamSocket>({
    hostname: "127.0.0.1",
    port: 0,
    development: false,
    fetch(request) {
      const target = request.url.slice(request.url.indexOf("/", 8));
      if (isOwnTarget(target)) return new Response(null, { status: 404 });
      requests.push({ target, headers: new Headers(request.headers) });
      if (target.startsWith("/hanging"))
        return new Promise<Response>(() => {
          request.signal.addEventListener("abort", () => left.push(target));
        });
      if (target.startsWith("/refused"))
        return new Response(statusBody, {
          status: 403,
          headers: { "content-type": "application/json", "audit-id": "an-id" },
        });
      const protocol = new URL(request.url).searchParams.get("protocol") ?? "";
      const data = { target, received: [], receivedBytes: 0, closed: undefined };
      const isUpgraded = server.upgrade(request, {
        headers: { "sec-websocket-protocol": protocol },
        data: data as unknown as UpstreamSocket,
      });
      return isUpgraded ? undefined : new Response("not upgraded", { status: 400 });
    },
    websocket: {
      idleTimeout: 0,
      sendPings: false,
      perMessageDeflate: false,
      maxPayloadLength: 64 << 20,
      open(socket) {
        Object.assign(socket.data, { socket });
        sockets.push(socket.data);
        if (socket.data.target.startsWith("/early"))
          for (const text of ["one", "", "three"]) socket.send(text);
      },
      message(socket, message) {
        const entry = socket.data;
        entry.receivedBytes += message.length;
        if (entry.target.startsWith("/sink")) return;
        entry.received.push(typeof message === "string" ? message : new Uint8Array(message));
        if (!entry.target.startsWith("/quiet")) socket.send(message);
      },
      close(socket, code, reason) {
        socket.data.closed = { code, reason };
      },
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    requests,
    sockets,
    left,
    stop: () => void server.stop(true),
  };
}
