import { chmod, lstat, unlink } from "node:fs/promises";

import type { StatusError } from "./api/status.ts";
import { negotiate } from "./codec/media-type.ts";
import { type Config, ConfigError } from "./config.ts";
import type { Answer } from "./http/answer.ts";
import type { HeaderBlock } from "./http/head.ts";
import { HttpServer } from "./http/http-server.ts";
import type { IncomingRequest } from "./http/request.ts";
import { log } from "./log.ts";
import type { Listener } from "./proxy/parts.ts";
import { readHead } from "./proxy/request-head.ts";
import { statusResponse } from "./proxy/status-response.ts";

export type Handle = (request: IncomingRequest, listener: Listener) => Answer | Promise<Answer>;

/** Why a request is not let in; undefined: it is. */
export type Admit = (
  block: HeaderBlock,
  host: string,
  listener: Listener,
) => StatusError | undefined;

/** Opens the listeners that the Config names. Rejects with a ConfigError that names the flag. */
export async function listen(
  config: Config,
  handle: Handle,
  admit: Admit,
): Promise<readonly HttpServer[]> {
  const { hostname, port } = config.bindAddress;
  const optionsFor = (listener: Listener) => ({
    handle: (request: IncomingRequest) => handle(request, listener),
    refusal: (block: HeaderBlock, host: string) => admit(block, host, listener),
    refuse,
    failed,
    ...boundsOf(config),
  });
  const tcpListener = { lendsIdentity: isLoopback(hostname) };
  const tcp = bind(
    `--bind-address: ${hostname}:${port}`,
    () => new HttpServer({ hostname, port }, optionsFor(tcpListener)),
  );
  const { bindSocket } = config;
  if (bindSocket === undefined) return [tcp];
  await removeStale(bindSocket);
  // The file is nobody else's from its first moment on.
  const mask = process.umask(0o177);
  const unix = bind(
    `--bind-socket: ${bindSocket}`,
    () => new HttpServer({ unix: bindSocket }, optionsFor({ lendsIdentity: true })),
  );
  process.umask(mask);
  await chmod(bindSocket, 0o600);
  return [tcp, unix];
}

/** Opens the admin listener, where there is one. */
export function listenAdmin(
  config: Config,
  handle: (request: IncomingRequest) => Answer,
): HttpServer | undefined {
  if (config.adminAddress === undefined) return undefined;
  const { hostname, port } = config.adminAddress;
  return bind(
    `--admin-address: ${hostname}:${port}`,
    () =>
      new HttpServer(
        { hostname, port },
        {
          handle,
          // The handler looks at the Host itself: nothing here has a long target.
          refusal: () => undefined,
          refuse,
          failed,
          ...boundsOf(config),
        },
      ),
  );
}

/** Of the memory limit so much may be requests that are not answered yet, and so much bytes that wait for their clients. */
function boundsOf({ memoryLimitBytes }: Config) {
  return {
    maxHeldBytes: Math.max(minHeldBytes, memoryLimitBytes / 8),
    maxWaitingBytes: Math.max(minWaitingBytes, memoryLimitBytes / 4),
  };
}

/** A few requests with the largest heads. */
const minHeldBytes = 4 << 20;
/** A few large lists. */
const minWaitingBytes = 16 << 20;

function failed(error: Error): void {
  log.error("an unexpected error on a connection", { error });
}

/** The answer to what is no request that a handler could take: a Status, in JSON where nothing says otherwise. */
function refuse({ status }: StatusError, block: HeaderBlock | undefined): Answer {
  const { format } = negotiate(block === undefined ? "" : readHead(block).accept);
  return statusResponse(status, format, "reject");
}

/** A flag's name and value, and how it is bound: what fails is one line that names it. */
function bind(what: string, open: () => HttpServer): HttpServer {
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
