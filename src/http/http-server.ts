import { readFileSync } from "node:fs";

import { type StatusError, tooManyRequests } from "../api/status.ts";
import type { Answer } from "./answer.ts";
import { Connection, type ConnectionOwner, type ConnectionSocket } from "./connection.ts";
import type { HeaderBlock } from "./head.ts";
import { HeaderBlocks } from "./header-blocks.ts";
import type { IncomingRequest } from "./request.ts";
import { WaitingTotal } from "./waiting-bytes.ts";

export interface HttpServerOptions {
  /** Never rejects. */
  readonly handle: (request: IncomingRequest) => Answer | Promise<Answer>;
  /** Why a request is not let in, as far as its header fields and its host tell; undefined: it is, so far. */
  readonly refusal: (block: HeaderBlock, host: string) => StatusError | undefined;
  /** The answer to what is no request: the error as a Status. */
  readonly refuse: (error: StatusError, block: HeaderBlock | undefined) => Answer;
  /** Called with what was thrown where nothing should be. */
  readonly failed: (error: Error) => void;
  /** Bytes that may wait for clients that read slowly, and bytes of requests that may be held. */
  readonly maxWaitingBytes: number;
  readonly maxHeldBytes: number;
}

export type Address =
  { readonly hostname: string; readonly port: number } | { readonly unix: string };

/** File descriptors that are left for everything else: upstream's connections, the disk, the admin listener. */
const reservedDescriptors = 128;
/** Each connection costs about a kilobyte. */
const maxConnections = 16_384;
const tickMs = 1000;

/**
 * An HTTP/1.1 server on Bun.listen (RFC 9110, RFC 9112). It gives what Bun.serve does not: the target and the fields as they
 * were sent, a head without a body, requests that are sent ahead of answers, and bounds. Listens until it is stopped.
 */
export class HttpServer implements ConnectionOwner {
  readonly #options: HttpServerOptions;
  readonly blocks = new HeaderBlocks();
  readonly #connections = new Set<Connection>();
  readonly #waiting = new WaitingTotal();
  readonly #limit = connectionLimit();
  readonly #listener: Bun.TCPSocketListener<Connection> | Bun.UnixSocketListener<Connection>;
  readonly #ticking: ReturnType<typeof setInterval>;
  readonly #address: Address;
  #heldBytes = 0;
  #requestCount = 0;
  #nowMs = performance.now();
  #isStopping = false;

  /** Throws what Bun.listen throws. */
  constructor(address: Address, options: HttpServerOptions) {
    this.#options = options;
    this.#address = address;
    const socket = socketHandlers(this);
    this.#listener =
      "unix" in address
        ? Bun.listen<Connection>({ unix: address.unix, allowHalfOpen: true, socket })
        : Bun.listen<Connection>({ ...address, allowHalfOpen: true, socket });
    this.#ticking = setInterval(() => this.#tick(), tickMs);
  }

  /** Where it listens. */
  get url(): string {
    if ("unix" in this.#address) return `unix:${this.#address.unix}`;
    const { hostname } = this.#address;
    const { port } = this.#listener as Bun.TCPSocketListener<Connection>;
    return `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}/`;
  }

  /** Requests under way, watches and upgraded connections included. */
  get pendingRequests(): number {
    let pending = 0;
    for (const connection of this.#connections) if (connection.isBusy) pending++;
    return pending;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** How many requests have come so far. */
  get requestCount(): number {
    return this.#requestCount;
  }

  handle(request: IncomingRequest): Answer | Promise<Answer> {
    this.#requestCount++;
    return this.#options.handle(request);
  }

  refusal(block: HeaderBlock, host: string): StatusError | undefined {
    return this.#options.refusal(block, host);
  }

  refuse(error: StatusError, block: HeaderBlock | undefined): Answer {
    return this.#options.refuse(error, block);
  }

  get isFull(): boolean {
    return this.#heldBytes > this.#options.maxHeldBytes;
  }

  hold(bytes: number): "room" | "full" {
    this.#heldBytes += bytes;
    return this.isFull ? "full" : "room";
  }

  waiting(bytes: Uint8Array): void {
    this.#waiting.add(bytes);
    // Whoever writes now is at its work: what has to go goes afterwards.
    if (this.#waiting.byteLength > this.#options.maxWaitingBytes)
      queueMicrotask(() => this.#shed());
  }

  taken(bytes: Uint8Array): void {
    this.#waiting.remove(bytes);
  }

  closed(connection: Connection): void {
    this.#connections.delete(connection);
  }

  /** Called with each connection. */
  accept(socket: ConnectionSocket): void {
    socket.setNoDelay(true);
    const connection = new Connection(socket, this);
    socket.data = connection;
    this.#connections.add(connection);
    if (this.#connections.size > this.#limit || this.#isStopping)
      connection.refuse(
        tooManyRequests(`edge-proxy serves at most ${this.#limit} connections at a time`, 1),
      );
  }

  /** A connection has failed, or what was done on it has thrown: its client is not left waiting. */
  failed(connection: Connection, error: Error): void {
    if (!("code" in error)) this.#options.failed(error);
    connection.broken();
  }

  /** Takes no more connections. Those that are idle end, the others after the answer that they are at. */
  stop(): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#listener.stop();
    for (const connection of this.#connections) connection.stop();
  }

  /** Ends what is left: upgraded connections as their protocol has it, others at once. */
  destroy(): void {
    this.stop();
    clearInterval(this.#ticking);
    for (const connection of this.#connections) connection.destroy();
  }

  #tick(): void {
    this.#nowMs = performance.now();
    for (const connection of this.#connections) connection.tick(this.#nowMs);
  }

  /** Ends the clients that have taken nothing for the longest, until what waits is within its limit. */
  #shed(): void {
    while (this.#waiting.byteLength > this.#options.maxWaitingBytes) {
      let slowest: Connection | undefined;
      for (const connection of this.#connections) {
        const since = connection.waitingSinceMs;
        if (since === undefined) continue;
        if (slowest === undefined || since < (slowest.waitingSinceMs ?? 0)) slowest = connection;
      }
      if (slowest === undefined) return;
      slowest.broken();
    }
  }
}

function socketHandlers(server: HttpServer): Bun.SocketHandler<Connection> {
  return {
    binaryType: "uint8array",
    open: (socket) => server.accept(socket),
    data: (socket, bytes) => socket.data.receive(bytes),
    drain: (socket) => socket.data.drained(),
    end: (socket) => socket.data.ended(),
    close: (socket) => socket.data.gone(),
    error: (socket, error) => server.failed(socket.data, error),
  };
}

/** As many as there are file descriptors for: where none is left the kernel tells of a connection again and again. */
function connectionLimit(): number {
  try {
    const [, soft] =
      /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    const descriptors = Number(soft ?? Number.POSITIVE_INFINITY);
    return Math.min(maxConnections, Math.max(descriptors >> 1, descriptors - reservedDescriptors));
  } catch {
    return maxConnections;
  }
}
