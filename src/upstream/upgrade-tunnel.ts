import type { Duplex } from "node:stream";

import type { Sink, TunnelBody } from "../http/answer.ts";
import { FrameBoundary } from "./frame-boundary.ts";

/** A close frame of a server that goes away: final, opcode 8, two bytes, code 1001 (RFC 6455 5.5.1, 7.4.1). */
const goingAway = new Uint8Array([0x88, 0x02, 0x03, 0xe9]);

/**
 * An upgraded connection to the apiserver. Its bytes and the client's pass as they come, whatever their protocol: neither frames
 * nor messages are put together here. A side that is slow slows the other one down. It waits for as long as both do.
 */
export class Tunnel implements TunnelBody {
  readonly #socket: Duplex;
  /** Of a WebSocket: whether a frame of our own may go to the client. */
  readonly #boundary: FrameBoundary | undefined;
  #head: Uint8Array;
  #sink: Sink | undefined;
  #roomAgain: (() => void) | undefined;

  /** `head` is what came with the 101. */
  constructor(socket: Duplex, head: Uint8Array, protocol: "websocket" | "other") {
    this.#socket = socket;
    this.#head = head;
    this.#boundary = protocol === "websocket" ? new FrameBoundary() : undefined;
    socket.pause();
    socket.on("error", () => socket.destroy());
    socket.on("data", (bytes: Uint8Array) => this.#toClient(bytes));
    socket.on("end", () => this.#ended());
    socket.on("close", () => this.#ended());
    socket.on("drain", () => this.#giveRoom());
  }

  begin(sink: Sink): void {
    this.#sink = sink;
    const head = this.#head;
    this.#head = new Uint8Array(0);
    if (this.#socket.destroyed) return this.#ended();
    this.#socket.resume();
    if (head.length > 0) this.#toClient(head);
  }

  drained(): void {
    this.#socket.resume();
  }

  left(): void {
    this.#sink = undefined;
    this.#socket.destroy();
  }

  receive(bytes: Uint8Array): "room" | "full" {
    if (this.#socket.writableEnded || this.#socket.destroyed) return "room";
    return this.#socket.write(bytes) ? "room" : "full";
  }

  room(): Promise<void> {
    return new Promise((resolve) => {
      this.#roomAgain = resolve;
      if (this.#socket.destroyed || !this.#socket.writableNeedDrain) this.#giveRoom();
    });
  }

  /** A client of a WebSocket is told that the server goes away, where no frame is under way to it. */
  stop(): void {
    if (this.#boundary?.isBetweenFrames === true) this.#sink?.write(goingAway);
    this.#ended();
    this.#socket.destroy();
  }

  #toClient(bytes: Uint8Array): void {
    this.#boundary?.passed(bytes);
    if (this.#sink?.write(bytes) === "full") this.#socket.pause();
  }

  #giveRoom(): void {
    this.#roomAgain?.();
    this.#roomAgain = undefined;
  }

  #ended(): void {
    this.#giveRoom();
    const sink = this.#sink;
    this.#sink = undefined;
    sink?.end();
    if (!this.#socket.writableEnded) this.#socket.end();
  }
}
