import { chmod, lstat, unlink } from "node:fs/promises";

import { type Config, ConfigError } from "./config.ts";
import type { Listener } from "./proxy/parts.ts";
import { type PathReading, rawPathRoutes, readUnseenPath } from "./proxy/raw-path.ts";
import { tunnelHandlers } from "./tunnels.ts";
import type { Tunnel } from "./upstream/upgrade-tunnel.ts";

/** Seconds; clients of client-go keep their connections for 90 s. */
const idleTimeout = 120;
/**
 * Bodies are streamed through: upstream says what is too large. What Bun refuses by itself, a head that is not HTTP or one
 * of more than 256 KiB, has Bun's bare 400 or 431.
 */
const common = {
  development: false,
  maxRequestBodySize: Number.MAX_SAFE_INTEGER,
  websocket: tunnelHandlers,
} as const;

/** Without `development` Bun would share a port with whoever listens there already: clients would get either. */
const ownPort = { reusePort: false } as const;

export type Server = Bun.Server<Tunnel>;
export type Answer = (
  request: Request,
  listener: Listener,
  path: PathReading,
) => Promise<Response> | Response;

/** Opens the listeners that the Config names. Rejects with a ConfigError that names the flag. */
export async function listen(config: Config, answer: Answer): Promise<readonly Server[]> {
  const { hostname, port } = config.bindAddress;
  const ofTcp = listenerOf(isLoopback(hostname) ? "lends" : "does not lend", () => tcp);
  const tcp: Server = bind(`--bind-address: ${hostname}:${port}`, () =>
    Bun.serve({
      hostname,
      port,
      idleTimeout,
      ...ownPort,
      ...common,
      ...handlers(answer, ofTcp),
    }),
  );
  const { bindSocket } = config;
  if (bindSocket === undefined) return [tcp];
  await removeStale(bindSocket);
  const ofUnix = listenerOf("lends", () => unix);
  // The file is nobody else's from its first moment on.
  const mask = process.umask(0o177);
  const unix: Server = bind(`--bind-socket: ${bindSocket}`, () =>
    Bun.serve({
      unix: bindSocket,
      ...common,
      // It holds for a unix socket as well; only the types do not know.
      ...({ idleTimeout } as object),
      ...handlers(answer, ofUnix),
    }),
  );
  process.umask(mask);
  await chmod(bindSocket, 0o600);
  return [tcp, unix];
}

/** Opens the admin listener, where there is one. */
export function listenAdmin(
  config: Config,
  answer: (request: Request) => Response,
): Server | undefined {
  if (config.adminAddress === undefined) return undefined;
  const { hostname, port } = config.adminAddress;
  return bind(`--admin-address: ${hostname}:${port}`, () =>
    Bun.serve({ hostname, port, development: false, ...ownPort, fetch: answer }),
  );
}

function handlers(answer: Answer, listener: Listener) {
  return {
    routes: rawPathRoutes((request, path) => answer(request, listener, path)),
    fetch: (request: Request) => answer(request, listener, readUnseenPath(request.url)),
  };
}

function listenerOf(identity: "lends" | "does not lend", server: () => Server): Listener {
  return {
    lendsIdentity: identity === "lends",
    upgrade: (request, tunnel) =>
      server().upgrade(request, {
        // An empty one: else Bun takes the first of those that were asked for.
        headers: { "sec-websocket-protocol": tunnel.protocol, "x-edge-proxy": "upstream" },
        data: tunnel,
      }),
    keepOpen: (request) => server().timeout(request, 0),
    drop: (request) => server().timeout(request, 1),
  };
}

/** A flag's name and value, and how it is bound: what fails is one line that names it. */
function bind(what: string, open: () => Server): Server {
  try {
    return open();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const reason =
      code === "EADDRINUSE"
        ? "is in use: stop what listens there, or choose another"
        : `cannot be listened on (${code === "" ? String(error) : code})`;
    throw new ConfigError(`${what} ${reason}`, error);
  }
}

/** Removes a socket file that nobody listens on any more: a process that was killed leaves it. Nothing else is ours to remove. */
async function removeStale(path: string): Promise<void> {
  const there = await lstat(path).catch(() => undefined);
  if (there === undefined) return;
  if (!there.isSocket()) throw new ConfigError(`--bind-socket: ${path} is there and is no socket`);
  try {
    const socket = await Bun.connect({ unix: path, socket: { data: () => undefined } });
    socket.end();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ECONNREFUSED")
      await unlink(path);
  }
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "::1" || hostname.startsWith("127.");
}
