import type { Credentials } from "./credentials.ts";
import { type NodeRequest, openNodeRequest, responseOf } from "./node-request.ts";
import { Tunnel } from "./upgrade-tunnel.ts";

/** What upstream says to an upgrade: a connection, or an answer of its own that is to be passed on. */
export type UpgradeOutcome =
  | { readonly is: "open"; readonly tunnel: Tunnel }
  | { readonly is: "refused"; readonly response: Response };

/** A vanished peer is noticed by TCP within minutes, although nothing else is ever sent. */
const keepAliveMs = 30_000;

/**
 * Asks for a WebSocket, once: the request starts what it asks for (a command, say), so it is never sent again. Rejects
 * with what failed on the way.
 */
export async function upgrade(
  credentials: Credentials,
  request: NodeRequest,
): Promise<UpgradeOutcome> {
  const key = crypto.getRandomValues(new Uint8Array(16)).toBase64();
  const opened = await openNodeRequest(credentials, {
    ...request,
    headers: {
      ...request.headers,
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": key,
    },
  });
  return await new Promise((resolve, reject) => {
    opened.on("error", reject);
    opened.on("response", (message) => {
      resolve({ is: "refused", response: responseOf(message, request.method) });
    });
    opened.on("upgrade", (message, socket, head) => {
      socket.setKeepAlive(true, keepAliveMs);
      const protocol = message.headers["sec-websocket-protocol"] ?? "";
      resolve({ is: "open", tunnel: new Tunnel(socket, head, protocol) });
    });
    opened.end();
  });
}
