import { type StatusError, tooManyRequests } from "../api/status.ts";
import type { HeaderBlock, RequestLine } from "./head.ts";

/** A request of a client, as far as its answer needs it. A Request of fetch fits too. */
export interface ClientRequest {
  readonly method: string;
  /** Equal names are joined by ", ". */
  readonly headers: Headers;
  /** The header lines as they came: name in lower case, value, name, value. */
  readonly lines?: readonly string[];
  readonly body: ReadableStream<Uint8Array> | null;
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
}

/** What a request reads of its connection. */
export interface RequestSource {
  /** The body as a stream; called once at most. */
  openBody(): ReadableStream<Uint8Array>;
  /** Called when the number of bytes that are held for the request changes. */
  hold(bytes: number): "room" | "full";
}

/** A request as its connection has read it. What an answer may never need is made when it is first asked for. */
export class IncomingRequest implements ClientRequest {
  readonly method: string;
  /** Path and query, exactly as they came. */
  readonly target: string;
  readonly block: HeaderBlock;
  /** What the request says of the server's name: an absolute target's authority, else the Host field. */
  readonly host: string;
  readonly #source: RequestSource;
  #headers: Headers | undefined;
  #body: ReadableStream<Uint8Array> | null | undefined;
  #leaving: AbortController | undefined;
  #hasLeft = false;
  #isOver = false;
  #whenOver: (() => void)[] | undefined;

  constructor(
    { method, target, authority }: RequestLine,
    block: HeaderBlock,
    source: RequestSource,
  ) {
    this.method = method;
    this.target = target;
    this.block = block;
    this.host = authority ?? block.host ?? "";
    this.#source = source;
  }

  get lines(): readonly string[] {
    return this.block.fields;
  }

  get headers(): Headers {
    return (this.#headers ??= headersOf(this.block));
  }

  get body(): ReadableStream<Uint8Array> | null {
    if (this.#body === undefined)
      this.#body = this.block.framing.is === "none" ? null : this.#source.openBody();
    return this.#body;
  }

  get signal(): AbortSignal {
    if (this.#leaving === undefined) {
      this.#leaving = new AbortController();
      if (this.#hasLeft) this.#leaving.abort(clientLeft());
    }
    return this.#leaving.signal;
  }

  /**
   * The body in one piece, which is held until the answer is out; undefined when it has more than so many bytes. Rejects with a
   * 429 StatusError where too much is held already, and when the body breaks off.
   */
  async readBody(maxBytes: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const chunks: Uint8Array[] = [];
    let length = 0;
    this.onOver(() => this.#source.hold(-length));
    for await (const chunk of this.body ?? []) {
      if (this.#isOver) break;
      length += chunk.length;
      const room = this.#source.hold(chunk.length);
      if (length > maxBytes) return undefined;
      if (room === "full") throw tooMuchHeld();
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  /** The same request with another body, in memory. */
  withBody(bytes: Uint8Array<ArrayBuffer>): IncomingRequest {
    const { method, target, host, block, signal } = this;
    const framing = { is: "length", bytes: bytes.length } as const;
    const line = { method, target, authority: host, version: "1.1" } as const;
    const openBody = () => new Blob([bytes]).stream();
    const request = new IncomingRequest(line, { ...block, framing }, { openBody, hold: uncounted });
    signal.addEventListener("abort", () => request.leave());
    if (signal.aborted) request.leave();
    return request;
  }

  /** Calls when the answer is out, or the client gone; at once where that has happened. */
  onOver(listener: () => void): void {
    if (this.#isOver) listener();
    else (this.#whenOver ??= []).push(listener);
  }

  /** Called by the connection when the answer is out. */
  finish(): void {
    this.#isOver = true;
    const listeners = this.#whenOver;
    this.#whenOver = undefined;
    for (const listener of listeners ?? []) listener();
  }

  /** Called by the connection when the client is gone. */
  leave(): void {
    this.#hasLeft = true;
    this.finish();
    this.#leaving?.abort(clientLeft());
  }
}

/** The refusal of a request for which there is no room, for as long as others hold it. */
export function tooMuchHeld(): StatusError {
  return tooManyRequests("edge-proxy holds as many bytes of requests as it may; try again", 1);
}

/** A body that was read counts with the request that it came with. */
function uncounted(): "room" {
  return "room";
}

function clientLeft(): DOMException {
  return new DOMException("the client has left", "AbortError");
}

/** The fields as an object; the length is the one that the body is read by. */
function headersOf({ fields, framing }: HeaderBlock): Headers {
  const headers = new Headers();
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const name = fields[at] ?? "";
    if (name !== "content-length") headers.append(name, fields[at + 1] ?? "");
  }
  if (framing.is === "length") headers.set("content-length", String(framing.bytes));
  return headers;
}
