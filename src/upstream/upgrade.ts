import type { Credentials } from "./credentials.ts";
import { headersOf, type NodeRequest, openNodeRequest, responseOf } from "./node-request.ts";
import { Tunnel } from "./upgrade-tunnel.ts";

/** What upstream says to an upgrade: a connection, with the headers of its 101, or an answer of its own that is to be passed on. */
export type UpgradeOutcome =
  | { readonly is: "open"; readonly headers: Headers; readonly tunnel: Tunnel }
  | { readonly is: "refused"; readonly response: Response };

/** A vanished peer is noticed by TCP within minutes, although nothing else is ever sent. */
const keepAliveMs = 30_000;

/**
 * Asks for another protocol, once: the request starts what it asks for (a command, say), so it is never sent again. The headers
 * name the protocol. Rejects with what failed on the way.
 */
export async function upgrade(
  credentials: Credentials,
  request: NodeRequest,
): Promise<UpgradeOutcome> {
  const opened = await openNodeRequest(credentials, request);
  return await new Promise((resolve, reject) => {
    opened.on("error", reject);
    opened.on("response", (message) => {
      resolve({ is: "refused", response: responseOf(message, request.method) });
    });
    opened.on("upgrade", (message, socket, head) => {
      socket.setKeepAlive(true, keepAliveMs);
      const headers = headersOf(message);
      const isWebSocket = headers.get("upgrade")?.toLowerCase() === "websocket";
      const protocol = isWebSocket ? "websocket" : "other";
      resolve({ is: "open", headers, tunnel: new Tunnel(socket, head, protocol) });
    });
    opened.end();
  });
}
