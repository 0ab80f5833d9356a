import { badRequest, refusedRequest, StatusError } from "../api/status.ts";
import type { Answer } from "./answer.ts";
import { Exchange, type ExchangeOwner } from "./exchange.ts";
import {
  authorityIn,
  type HeaderBlock,
  maxHeadBytes,
  parseRequestLine,
  type RequestLine,
  tooLargeHead,
} from "./head.ts";
import type { HeaderBlocks, ReadBlock } from "./header-blocks.ts";
import { Outbox, type WaitingBytes } from "./outbox.ts";
import { Received } from "./received.ts";
import { type IncomingRequest, tooMuchHeld } from "./request.ts";

/** What a connection needs of the server that accepted it. */
export interface ConnectionOwner extends WaitingBytes {
  /** Never rejects. */
  handle(request: IncomingRequest): Answer | Promise<Answer>;
  /** The refusal of a request that is not let in, as far as its header fields and its host tell; undefined: it is let in so far. */
  refusal(block: HeaderBlock, host: string): StatusError | undefined;
  /** The answer to what cannot be handled: the error as a Status. What has been read of the head says in which form. */
  refuse(error: StatusError, block: HeaderBlock | undefined): Answer;
  /** Milliseconds, as of the last tick. */
  readonly nowMs: number;
  readonly isStopping: boolean;
  readonly blocks: HeaderBlocks;
  /** Called when the number of bytes that the connection has read and not used changes. `full`: there is no room for more. */
  hold(bytes: number): "room" | "full";
  /** Whether there is no room for more of such bytes. */
  readonly isFull: boolean;
  /** Called once, when the connection is gone. */
  closed(connection: Connection): void;
}

export type ConnectionSocket = Bun.Socket<Connection>;

/** client-go keeps its connections for 90 s. */
const idleMs = 120_000;
/** A head is complete this long after its first byte (CONTRACT 19). */
const headMs = 10_000;
/** A client that takes no byte of its answer for this long is gone. */
const stalledMs = 120_000;
/** After the last byte of an answer a client has this long to close; what it still sends is dropped. */
const lingerMs = 2000;
/** So much is read ahead of the answer that is under way. */
const maxAheadBytes = 64 << 10;
/** A longer head counts while its request is answered. */
const shortHeadBytes = 2048;
const endOfHead = Buffer.from("\r\n\r\n");
const lineEnd = Buffer.from("\r\n");

/**
 * One connection of a client: requests one after another, each answered before the next one is looked at, however many have
 * been sent ahead (RFC 9112 9.3.2). A head goes out as soon as there is an answer.
 */
export class Connection implements ExchangeOwner, WaitingBytes {
  readonly #socket: ConnectionSocket;
  readonly #owner: ConnectionOwner;
  readonly #outbox: Outbox;
  readonly #received = new Received();
  #searched = 0;
  #heldBytes = 0;
  #block: ReadBlock | undefined;
  #exchange: Exchange | undefined;
  #phase: "open" | "lingering" | "closed" = "open";
  #isPaused = false;
  #isAdvancing = false;
  #deadlineMs: number;
  #progressMs = 0;

  constructor(socket: ConnectionSocket, owner: ConnectionOwner) {
    this.#socket = socket;
    this.#owner = owner;
    this.#outbox = new Outbox(socket, this);
    this.#deadlineMs = owner.nowMs + idleMs;
  }

  /** Whether a request is under way. */
  get isBusy(): boolean {
    return this.#exchange !== undefined;
  }

  get isStopping(): boolean {
    return this.#owner.isStopping;
  }

  /** When the client last took a byte of what waits for it; undefined when nothing waits. */
  get waitingSinceMs(): number | undefined {
    return this.#outbox.isEmpty ? undefined : this.#progressMs;
  }

  /** Called with the bytes of the client. */
  receive(bytes: Uint8Array): void {
    if (this.#phase !== "open") return;
    const exchange = this.#exchange;
    if (exchange?.tunnel !== undefined) return this.#intoTunnel(exchange, bytes);
    if (exchange?.decoder !== undefined) return this.#intoBody(exchange, bytes);
    this.#keep(bytes);
    this.#advance();
  }

  /** Called when the socket takes bytes again. */
  drained(): void {
    if (this.#outbox.isEmpty) return;
    this.#outbox.flush();
    this.#progressMs = this.#owner.nowMs;
    this.#deadlineMs = this.#progressMs + stalledMs;
    if (!this.#outbox.isEmpty) return;
    this.#deadlineMs = Number.POSITIVE_INFINITY;
    this.#exchange?.drained();
  }

  /** Called when the client has closed its side. A client that waits for an answer is gone with it (as for Go's net/http). */
  ended(): void {
    const exchange = this.#exchange;
    if (this.#phase !== "open") this.#socket.terminate();
    else if (exchange === undefined) this.#end();
    else if (exchange.isAnswered && !this.#outbox.isEmpty) exchange.isKeptAlive = false;
    else this.broken();
  }

  /** Called when the connection is gone. */
  gone(): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.#outbox.drop();
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.leave();
    this.#release();
    this.#owner.closed(this);
  }

  /** Called about once a second: what takes too long ends. */
  tick(nowMs: number): void {
    if (nowMs < this.#deadlineMs) return;
    if (this.#phase !== "open" || this.#exchange !== undefined) return this.broken();
    if (this.#received.length === 0) return this.#end();
    this.refuse(
      refusedRequest(408, `the head of the request is not complete after ${headMs / 1000} s`),
    );
  }

  /** Ends the connection when it is idle; a busy one ends after its answer. */
  stop(): void {
    if (this.#exchange === undefined) this.#end();
  }

  /** Ends the connection now: an upgraded one as its protocol has it. */
  destroy(): void {
    const tunnel = this.#exchange?.tunnel;
    if (tunnel === undefined) this.broken();
    else tunnel.stop();
  }

  finished(exchange: Exchange): void {
    if (this.#exchange !== exchange) return;
    if (!exchange.isKeptAlive || this.isStopping) {
      this.#exchange = undefined;
      return this.#end();
    }
    // The rest of a body that nobody wanted is in the way of the next request.
    if (exchange.decoder !== undefined) {
      this.#deadlineMs = this.#owner.nowMs + headMs;
      return;
    }
    this.#exchange = undefined;
    this.#deadlineMs = this.#owner.nowMs + idleMs;
    this.#advance();
  }

  /** Ends the connection at once: the client sees that what it has is not complete. */
  broken(): void {
    this.#socket.terminate();
    this.gone();
  }

  waiting(bytes: Uint8Array): void {
    this.#progressMs = this.#owner.nowMs;
    this.#deadlineMs = this.#progressMs + stalledMs;
    this.#owner.waiting(bytes);
  }

  taken(bytes: Uint8Array): void {
    this.#owner.taken(bytes);
  }

  /** Keeps what comes ahead of its turn, within bounds. */
  #keep(bytes: Uint8Array): void {
    this.#received.append(bytes);
    const room = this.hold(bytes.length);
    if (this.#exchange !== undefined) {
      if (this.#received.length > maxAheadBytes || room === "full") this.pause();
    } else if (room === "full" && this.#received.length > shortHeadBytes) {
      this.refuse(tooMuchHeld());
    }
  }

  hold(bytes: number): "room" | "full" {
    this.#heldBytes += bytes;
    return bytes === 0 ? "room" : this.#owner.hold(bytes);
  }

  #release(): void {
    this.#received.drop();
    this.hold(-this.#heldBytes);
  }

  /** Handles what has been received, request by request, for as long as answers are given at once. */
  #advance(): void {
    if (this.#isAdvancing) return;
    this.#isAdvancing = true;
    while (this.#exchange === undefined && this.#phase === "open") {
      this.resume();
      const head = this.#takeHead();
      if (head === undefined) break;
      const block = this.#blockOf(head.fields);
      if (block instanceof StatusError) {
        this.refuse(block);
        break;
      }
      const line = this.#lineOf(head.line, block);
      if (line instanceof StatusError) this.refuse(line, block);
      else this.#begin(line, block, head.line.length + head.fields.length);
    }
    this.#isAdvancing = false;
  }

  /** The request line. Of a long one nothing is made before its request is let in. */
  #lineOf(line: Uint8Array | string, block: HeaderBlock): RequestLine | StatusError {
    if (typeof line === "string") return parseRequestLine(line);
    const bytes = Buffer.from(line.buffer, line.byteOffset, line.length);
    const host = authorityIn(bytes.toString("latin1", 0, shortHeadBytes)) ?? block.host ?? "";
    return this.#owner.refusal(block, host) ?? parseRequestLine(bytes.toString("latin1"));
  }

  /** The next head, its request line as bytes where it is long; undefined while it is not complete. */
  #takeHead(): { readonly line: Uint8Array | string; readonly fields: string } | undefined {
    const received = this.#received;
    // Old clients send a line end behind a body (RFC 9112 2.2).
    while (this.#searched === 0 && isLineEnd(received.at(0))) {
      received.skip(1);
      this.hold(-1);
    }
    const { length } = received;
    if (length === 0) return undefined;
    const end = received.indexOf(endOfHead, Math.max(0, this.#searched - 3));
    if ((end === -1 ? length : end + endOfHead.length) > maxHeadBytes) {
      this.refuse(tooLargeHead());
      return undefined;
    }
    if (end === -1) {
      if (this.#searched === 0) this.#deadlineMs = this.#owner.nowMs + headMs;
      this.#searched = length;
      return undefined;
    }
    this.#searched = 0;
    const eol = received.indexOf(lineEnd, 0);
    const line = eol > shortHeadBytes ? received.takeBytes(eol) : received.takeText(eol);
    received.skip(lineEnd.length);
    const fields = eol === end ? "" : received.takeText(end - eol);
    received.skip(lineEnd.length);
    this.hold(-(end + endOfHead.length));
    return { line, fields };
  }

  #blockOf(text: string): HeaderBlock | StatusError {
    if (this.#block?.text === text) return this.#block.block;
    const read = this.#owner.blocks.read(text);
    if (read instanceof StatusError) return read;
    this.#block = read;
    return read.block;
  }

  #begin(line: RequestLine, block: HeaderBlock, headBytes: number): void {
    if (line.version === "1.1" && block.host === undefined)
      return this.refuse(badRequest("the request has no Host header"), block, line);
    if (line.version === "1.0" && block.framing.is === "chunked")
      return this.refuse(badRequest("HTTP/1.0 has no chunked bodies"), block, line);
    const exchange = new Exchange(line, block, this, this.#outbox);
    this.#exchange = exchange;
    this.#deadlineMs = Number.POSITIVE_INFINITY;
    const large = headBytes > shortHeadBytes ? headBytes : 0;
    const hasNoRoom = exchange.decoder !== undefined && this.#owner.isFull;
    if (this.hold(large) === "full" || hasNoRoom) {
      this.hold(-large);
      exchange.isKeptAlive = false;
      return exchange.answer(this.#owner.refuse(tooMuchHeld(), block));
    }
    if (exchange.decoder !== undefined && this.#received.length > 0) {
      const ahead = this.#received.takeAll();
      this.hold(-ahead.length);
      this.#intoBody(exchange, ahead);
    }
    const answer = this.#owner.handle(exchange.request);
    if (!(answer instanceof Promise)) {
      this.hold(-large);
      return this.#give(exchange, answer);
    }
    void answer.then((late) => {
      if (this.#phase !== "closed") this.hold(-large);
      this.#give(exchange, late);
    });
  }

  #give(exchange: Exchange, answer: Answer): void {
    exchange.answer(answer);
    if (exchange.tunnel === undefined || this.#received.length === 0) return;
    const early = this.#received.takeAll();
    this.hold(-early.length);
    this.#intoTunnel(exchange, early);
  }

  #intoBody(exchange: Exchange, bytes: Uint8Array): void {
    const { decoder } = exchange;
    if (decoder === undefined) return;
    const rest = exchange.receive(decoder, bytes);
    if (rest !== undefined && rest.length > 0) this.#keep(rest);
    // The answer is out already, and this was what the next request had to wait for.
    const isWaiting = exchange.isAnswered && this.#outbox.isEmpty;
    if (isWaiting && exchange.decoder === undefined) this.finished(exchange);
  }

  #intoTunnel({ tunnel }: Exchange, bytes: Uint8Array): void {
    if (tunnel === undefined || tunnel.receive(bytes) === "room") return;
    this.pause();
    void tunnel.room().then(() => this.resume());
  }

  pause(): void {
    if (this.#isPaused || this.#phase !== "open") return;
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (this.#phase !== "closed") this.#socket.resume();
  }

  /** Answers what is no request that can be handled, and ends. */
  refuse(error: StatusError, block?: HeaderBlock, line = unreadLine): void {
    this.#release();
    const exchange = new Exchange(line, unreadBlock, this, this.#outbox);
    this.#exchange = exchange;
    this.#deadlineMs = this.#owner.nowMs + stalledMs;
    exchange.answer(this.#owner.refuse(error, block));
  }

  /** Says that nothing follows, and waits a moment for the client to close: closing at once could cost it the answer. */
  #end(): void {
    if (this.#phase !== "open") return;
    this.#phase = "lingering";
    this.#release();
    this.resume();
    this.#deadlineMs = this.#owner.nowMs + lingerMs;
    // To end the socket would close it: what the client still sends would then be answered by a reset, which costs it the answer.
    this.#socket.shutdown();
  }
}

const unreadLine: RequestLine = {
  method: "GET",
  target: "/",
  authority: undefined,
  version: "1.1",
};
const unreadBlock: HeaderBlock = {
  fields: [],
  host: undefined,
  framing: { is: "none" },
  upgrade: undefined,
  connection: "close",
  expectsContinue: false,
};

function isLineEnd(byte: number | undefined): boolean {
  return byte === 0x0d || byte === 0x0a;
}
