import { maxMessageBytes } from "./upstream/upgrade-frames.ts";
import type { Tunnel, TunnelClient } from "./upstream/upgrade-tunnel.ts";

type ClientSocket = Bun.ServerWebSocket<Tunnel>;

/** The clients' ends of upgraded connections. No timers and no pings of ours: who is silent stays. */
export const tunnelHandlers: Bun.WebSocketHandler<Tunnel> = {
  idleTimeout: 0,
  sendPings: false,
  perMessageDeflate: false,
  maxPayloadLength: maxMessageBytes,
  // What is past the limit would be dropped; the tunnel stops reading long before.
  backpressureLimit: 4 * maxMessageBytes,
  open: (socket) => socket.data.open(clientOf(socket)),
  message: (socket, data) =>
    socket.data.receive(
      typeof data === "string" ? { is: "text", text: data } : { is: "binary", bytes: data },
    ),
  ping: (socket, bytes) => socket.data.receive({ is: "ping", bytes }),
  pong: (socket, bytes) => socket.data.receive({ is: "pong", bytes }),
  drain: (socket) => socket.data.drained(),
  close: (socket, code, reason) => socket.data.closed(code, reason),
};

function clientOf(socket: ClientSocket): TunnelClient {
  return {
    send: (data) => (socket.send(data) === -1 ? "full" : "room"),
    ping: (bytes) => void socket.ping(bytes),
    close: (code, reason) => socket.close(code ?? emptyClose, reason),
    terminate: () => socket.terminate(),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
  };
}

/** No status: a close frame without a code (RFC 6455 7.4.1). */
const emptyClose = 1005;
