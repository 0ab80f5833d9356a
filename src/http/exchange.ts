import {
  type Answer,
  type AnswerBody,
  type EarlyByte,
  isPushBody,
  isStream,
  LentBytes,
  type PushBody,
  SharedBytes,
  type Sink,
  type TunnelBody,
} from "./answer.ts";
import type { HeaderBlock, RequestLine } from "./head.ts";
import type { Outbox } from "./outbox.ts";
import { type BodyFlow, RequestBodyStream } from "./request-body-stream.ts";
import { type BodyDecoder, bodyDecoder } from "./request-body.ts";
import { IncomingRequest, type RequestSource } from "./request.ts";
import { headerLines, statusLine } from "./response-head.ts";
import { StreamBody } from "./stream-body.ts";

/** The connection that an exchange is on. */
export interface ExchangeOwner {
  /** Connections end after the answer that they are at. */
  readonly isStopping: boolean;
  /** Nothing more is read from the client until `resume`. */
  pause(): void;
  resume(): void;
  /** Called when the number of bytes that are held for the exchange changes. */
  hold(bytes: number): "room" | "full";
  /** The answer is out, to its last byte. */
  finished(exchange: Exchange): void;
  /** The answer breaks off. */
  broken(exchange: Exchange): void;
}

/** So much of a body that nobody wanted is read, so that the connection can go on (as Go's net/http does). */
const maxDroppedBytes = 256 << 10;
const lastChunk = Buffer.from("0\r\n\r\n");

/** `plain`: the body's bytes as they are, up to their length or the end of the connection; `raw`: a tunnel's. */
type Framing = "plain" | "chunked" | "raw";

/** One request and its answer. The answer's body writes itself through the exchange, so that it never gets into another answer. */
export class Exchange implements Sink, RequestSource, BodyFlow {
  readonly request: IncomingRequest;
  /** undefined: the request's body is read. */
  decoder: BodyDecoder | undefined;
  isKeptAlive: boolean;
  readonly #version: "1.0" | "1.1";
  readonly #owner: ExchangeOwner;
  readonly #outbox: Outbox;
  readonly #body: RequestBodyStream | undefined;
  #phase: "asked" | "answering" | "answered" | "over" = "asked";
  #framing: Framing = "plain";
  #push: PushBody | undefined;
  #lent: LentBytes | undefined;
  #early: ReturnType<typeof setTimeout> | undefined;
  /** The byte that has gone out before the body, and that the body begins with. */
  #owed: number | undefined;

  constructor(line: RequestLine, block: HeaderBlock, owner: ExchangeOwner, outbox: Outbox) {
    this.request = new IncomingRequest(line, block, this);
    this.#version = line.version;
    this.#owner = owner;
    this.#outbox = outbox;
    this.isKeptAlive =
      block.connection === undefined ? line.version === "1.1" : block.connection !== "close";
    if (block.framing.is === "none") return;
    this.decoder = bodyDecoder(block.framing);
    this.#body = new RequestBodyStream(this);
  }

  /** The tunnel that the connection has become, if it has. */
  get tunnel(): TunnelBody | undefined {
    return this.#framing === "raw" ? (this.#push as TunnelBody | undefined) : undefined;
  }

  /** Whether the answer has been given as a whole; its last bytes may wait for the client. */
  get isAnswered(): boolean {
    return this.#phase === "answered";
  }

  pause(): void {
    this.#owner.pause();
  }

  resume(): void {
    this.#owner.resume();
  }

  hold(bytes: number): "room" | "full" {
    return this.#owner.hold(bytes);
  }

  wanted(): void {
    if (this.request.block.expectsContinue && this.#phase === "asked")
      this.#outbox.writeText("HTTP/1.1 100 Continue\r\n\r\n");
  }

  openBody(): ReadableStream<Uint8Array> {
    if (this.#body === undefined) throw new Error("the request has no body");
    return this.#body.open();
  }

  /** Bytes of the request's body, and perhaps more; what follows the body is given back. */
  receive(decoder: BodyDecoder, bytes: Uint8Array): Uint8Array | undefined {
    try {
      const { data, rest } = decoder.push(bytes);
      for (const each of data) this.#body?.add(each);
      if (rest === undefined) return undefined;
      this.decoder = undefined;
      this.#body?.end();
      return rest;
    } catch (error) {
      this.decoder = undefined;
      this.isKeptAlive = false;
      this.#body?.fail(error);
      return undefined;
    }
  }

  /** Writes the answer, or as much of it as there is. */
  answer(answer: Answer): void {
    if (this.#phase !== "asked") return disposeOf(answer.body);
    this.#phase = "answering";
    const { body, status } = answer;
    if (status === 101) return this.#becomeTunnel(answer, body as TunnelBody);
    if (this.#owner.isStopping || !this.#canDropRest()) this.isKeptAlive = false;
    if (this.request.method === "HEAD" || status === 204 || status === 304) {
      disposeOf(body);
      const length = status === 204 ? undefined : lengthOf(answer);
      this.#writeHead(answer, length === undefined ? "" : `Content-Length: ${length}\r\n`);
      return this.#complete();
    }
    if (body instanceof SharedBytes) return this.#answerShared(answer, body);
    if (body instanceof LentBytes) this.#lent = body;
    if (!isPushBody(body) && !isStream(body)) return this.#answerBytes(answer, piecesOf(body));
    const length = isStream(body) ? lengthOf(answer) : undefined;
    this.#writeHead(answer, this.#frame(length));
    if (answer.early !== undefined) this.#await(answer.early);
    this.#push = isStream(body) ? new StreamBody(body, "breaks off", length) : body;
    this.#push.begin(this);
  }

  write(bytes: Uint8Array): "room" | "full" {
    if (this.#phase !== "answering" || bytes.length === 0) return "room";
    if (this.#early !== undefined) this.#endWaiting();
    const body = this.#owed === undefined ? bytes : this.#withoutOwed(bytes, this.#owed);
    if (body.length === 0) return "room";
    if (this.#framing === "chunked") this.#outbox.writeChunk(body);
    else this.#outbox.write(body);
    return this.#outbox.isEmpty ? "room" : "full";
  }

  end(): void {
    if (this.#phase !== "answering") return;
    this.#push = undefined;
    this.#complete();
  }

  destroy(): void {
    if (this.#phase === "answering") this.#owner.broken(this);
  }

  /** The socket has taken all that waited. */
  drained(): void {
    if (this.#phase === "answered") return this.#finish();
    this.#push?.drained();
  }

  /** The client is gone. */
  leave(): void {
    const push = this.#push;
    this.#endWaiting();
    this.#push = undefined;
    this.#phase = "over";
    this.request.leave();
    this.#body?.fail(new DOMException("the client has left", "AbortError"));
    push?.left();
    this.#giveBack();
  }

  #becomeTunnel(answer: Answer, tunnel: TunnelBody): void {
    this.#framing = "raw";
    this.#push = tunnel;
    this.isKeptAlive = false;
    this.#writeHead(answer, "Connection: Upgrade\r\n");
    tunnel.begin(this);
  }

  #answerShared(answer: Answer, body: SharedBytes): void {
    const length = `Content-Length: ${body.bytes.length}\r\n`;
    this.#outbox.writeShared(this.#headText(answer, length), body);
    this.#phase = "answered";
    if (this.#outbox.isEmpty) this.#finish();
  }

  #answerBytes(answer: Answer, pieces: readonly Uint8Array[]): void {
    let length = 0;
    for (const piece of pieces) length += piece.length;
    this.#outbox.writeWhole(this.#headText(answer, `Content-Length: ${length}\r\n`), pieces);
    this.#phase = "answered";
    if (this.#outbox.isEmpty) this.#finish();
  }

  /** The header by which the client finds the end of a body that is not in memory, if it has one. */
  #frame(length: number | undefined): string {
    if (length !== undefined) return `Content-Length: ${length}\r\n`;
    if (this.#version === "1.1") {
      this.#framing = "chunked";
      return "Transfer-Encoding: chunked\r\n";
    }
    this.isKeptAlive = false;
    return "";
  }

  #writeHead(answer: Answer, framing: string): void {
    this.#outbox.writeText(this.#headText(answer, framing));
  }

  #headText({ status, headers }: Answer, framing: string): string {
    const isUsual = this.#framing === "raw" || this.isKeptAlive === (this.#version === "1.1");
    const connection = isUsual
      ? ""
      : `Connection: ${this.isKeptAlive ? "keep-alive" : "close"}\r\n`;
    return `${statusLine(this.#version, status)}${headerLines(headers)}${framing}${connection}\r\n`;
  }

  #await({ byte, belongsTo, afterMs }: EarlyByte): void {
    this.#early = setTimeout(() => {
      this.write(new Uint8Array([byte]));
      if (belongsTo === "the body") this.#owed = byte;
    }, afterMs);
  }

  /** The bytes without the one that is out already. A body that does not begin with it breaks off. */
  #withoutOwed(bytes: Uint8Array, owed: number): Uint8Array {
    this.#owed = undefined;
    if (bytes[0] === owed) return bytes.subarray(1);
    this.destroy();
    return new Uint8Array(0);
  }

  #endWaiting(): void {
    clearTimeout(this.#early);
    this.#early = undefined;
  }

  #complete(): void {
    this.#endWaiting();
    if (this.#framing === "chunked") this.#outbox.write(lastChunk);
    this.#phase = "answered";
    if (this.#outbox.isEmpty) this.#finish();
  }

  #giveBack(): void {
    this.#lent?.giveBack();
    this.#lent = undefined;
  }

  #finish(): void {
    this.#giveBack();
    this.request.finish();
    this.#body?.drop();
    this.#owner.finished(this);
  }

  /** Whether the rest of the request's body is short enough to be read and dropped. */
  #canDropRest(): boolean {
    if (this.decoder === undefined) return true;
    if (this.request.block.expectsContinue) return false;
    return (this.decoder.remaining ?? Number.POSITIVE_INFINITY) <= maxDroppedBytes;
  }
}

function piecesOf(
  body: null | Uint8Array | LentBytes | readonly Uint8Array[],
): readonly Uint8Array[] {
  if (body === null) return [];
  if (body instanceof LentBytes) return [body.bytes];
  return body instanceof Uint8Array ? [body] : body;
}

/** Gives up a body that nobody will read. */
function disposeOf(body: AnswerBody): void {
  if (isStream(body)) void body.cancel().catch(() => undefined);
  else if (isPushBody(body)) body.left();
  else if (body instanceof LentBytes) body.giveBack();
}

/** The length that the answer's head says; undefined where it says none. */
function lengthOf({ headers }: Answer): number | undefined {
  const said = headers.get("content-length");
  return said !== null && /^\d{1,15}$/.test(said) ? Number(said) : undefined;
}
