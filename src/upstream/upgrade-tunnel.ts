import type { Duplex } from "node:stream";

import { encodeMessage, FrameError, FrameReader, type Message } from "./upgrade-frames.ts";

/** The client's end of a tunnel. */
export interface TunnelClient {
  /** `full`: it was taken, and no more should come until `drained`. */
  send(data: string | Uint8Array): "room" | "full";
  ping(bytes: Uint8Array): void;
  /** Sends a close frame, an empty one without a code. */
  close(code: number | undefined, reason: string): void;
  /** Ends the connection without a close frame. */
  terminate(): void;
  pause(): void;
  resume(): void;
}

/** After a client has closed, upstream has this long to close as well. */
const closeGraceMs = 900;

/**
 * An upgraded connection to the apiserver, whose messages are passed between it and one client. Text and binary, empty
 * messages, close codes and reasons stay what they are; who is slow slows the other side down. It waits for as long as
 * both do, and sends nothing of its own.
 */
export class Tunnel {
  /** The subprotocol that upstream has chosen; empty when none. */
  readonly protocol: string;
  readonly #socket: Duplex;
  readonly #reader = new FrameReader();
  #client: TunnelClient | undefined;
  #head: Uint8Array;
  #hasClosed = false;
  #isClientFull = false;
  #isClientPaused = false;
  #closing: ReturnType<typeof setTimeout> | undefined;

  constructor(socket: Duplex, head: Uint8Array, protocol: string) {
    this.#socket = socket;
    this.#head = head;
    this.protocol = protocol;
    socket.pause();
    socket.on("error", () => socket.destroy());
    socket.on("end", () => socket.end());
    socket.on("close", () => this.#gone());
    socket.on("drain", () => this.#resumeClient());
  }

  /** From here on messages pass; what upstream has sent before comes first. */
  open(client: TunnelClient): void {
    this.#client = client;
    if (this.#socket.destroyed) return this.#gone();
    this.#socket.on("data", (chunk: Uint8Array) => this.#fromUpstream(chunk));
    if (this.#head.length > 0) this.#fromUpstream(this.#head);
    this.#head = new Uint8Array(0);
    if (!this.#isClientFull) this.#socket.resume();
  }

  /** The client has sent this. */
  receive(message: Message): void {
    if (this.#hasClosed || this.#socket.writableEnded) return;
    if (this.#socket.write(encodeMessage(message)) || this.#isClientPaused) return;
    this.#isClientPaused = true;
    this.#client?.pause();
  }

  /** The client takes more again. */
  drained(): void {
    if (!this.#isClientFull) return;
    this.#isClientFull = false;
    if (this.#socket.destroyed) this.#gone();
    else this.#socket.resume();
  }

  /** The client has closed, by a frame (1005: an empty one), or is gone (1006). */
  closed(code: number, reason: string): void {
    this.#client = undefined;
    if (code === 1006 || this.#hasClosed || this.#socket.destroyed) return this.destroy();
    this.#socket.resume();
    this.#socket.write(
      encodeMessage({ is: "close", code: code === 1005 ? undefined : code, reason }),
    );
    this.#closing = setTimeout(() => this.destroy(), closeGraceMs);
  }

  /** Ends the connection upstream at once. */
  destroy(): void {
    clearTimeout(this.#closing);
    this.#socket.destroy();
  }

  #fromUpstream(chunk: Uint8Array): void {
    try {
      for (const message of this.#reader.push(chunk)) this.#pass(message);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#client?.close(error.code, error.message);
      this.destroy();
    }
  }

  #pass(message: Message): void {
    switch (message.is) {
      case "text":
        return this.#send(message.text);
      case "binary":
        return this.#send(message.bytes);
      case "ping":
        return this.#client?.ping(message.bytes);
      case "pong":
        // The client had its pong from the listener.
        return;
      case "close":
        return this.#closeFrom(message.code, message.reason);
    }
  }

  #send(data: string | Uint8Array): void {
    if (this.#client?.send(data) !== "full") return;
    this.#isClientFull = true;
    this.#socket.pause();
  }

  /** Upstream has closed: it is answered as RFC 6455 5.5.1 has it, and the client told. */
  #closeFrom(code: number | undefined, reason: string): void {
    if (this.#hasClosed) return;
    this.#hasClosed = true;
    clearTimeout(this.#closing);
    const client = this.#client;
    if (client !== undefined && !this.#socket.writableEnded)
      this.#socket.write(encodeMessage({ is: "close", code, reason: "" }));
    this.#socket.end();
    this.#resumeClient();
    client?.close(code, reason);
  }

  #resumeClient(): void {
    if (!this.#isClientPaused) return;
    this.#isClientPaused = false;
    this.#client?.resume();
  }

  /** The connection upstream is gone; without a close frame the client gets none either, after what is under way to it. */
  #gone(): void {
    clearTimeout(this.#closing);
    this.#resumeClient();
    if (!this.#hasClosed && !this.#isClientFull) this.#client?.terminate();
  }
}
