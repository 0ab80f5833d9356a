/** What the framer tells of: called while `feed` runs, in the order of the wire. */
export interface ResponseListener {
  /** The head has come: its status and its text. */
  onHead?(status: number, head: string): void;
  /** A piece of the body, without chunk framing; the bytes are only lent. */
  onBody?(piece: Uint8Array): void;
  /** The response is complete; the length is its body's. */
  onEnd?(status: number, bodyBytes: number): void;
}

type State =
  | { readonly at: "head" }
  | { readonly at: "body"; left: number; readonly next: "end" | "chunk end" }
  | { readonly at: "line"; readonly of: "chunk size" | "chunk end" | "trailer" };

const lineFeed = 10;
const head: State = { at: "head" };

/**
 * Finds where HTTP/1.1 responses of one connection begin and end (RFC 9112, 6.3): by Content-Length, by chunks, or without
 * a body (204, 304, 1xx). Bodies are counted, not looked at. Throws on what is no HTTP response, and on a response that
 * only the end of the connection would delimit: neither is ever to be measured.
 */
export class ResponseFramer {
  readonly #listener: ResponseListener;
  #state: State = head;
  /** The part of a head or line that has come so far. */
  #text = "";
  #status = 0;
  #bodyBytes = 0;

  constructor(listener: ResponseListener) {
    this.#listener = listener;
  }

  feed(bytes: Uint8Array): void {
    let from = 0;
    while (from < bytes.length) {
      const state = this.#state;
      from = state.at === "body" ? this.#body(state, bytes, from) : this.#line(state, bytes, from);
    }
  }

  /** How many of the next bytes belong to the body in any case: they may be thrown away unread, and `skip` be told. */
  get bodyLeft(): number {
    return this.#state.at === "body" ? this.#state.left : 0;
  }

  /** So many bytes of the body (at most `bodyLeft`) were taken off the connection by somebody else. */
  skip(bytes: number): void {
    if (this.#state.at === "body") this.#passBody(this.#state, bytes);
  }

  #body(state: State & { at: "body" }, bytes: Uint8Array, from: number): number {
    const to = Math.min(bytes.length, from + state.left);
    this.#listener.onBody?.(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to));
    this.#passBody(state, to - from);
    return to;
  }

  #passBody(state: State & { at: "body" }, bytes: number): void {
    this.#bodyBytes += bytes;
    state.left -= bytes;
    if (state.left > 0) return;
    if (state.next === "end") this.#end();
    else this.#state = { at: "line", of: "chunk end" };
  }

  /** Takes a line and acts on it when it is whole; a head is all lines up to the empty one, most often in one piece. */
  #line(state: Exclude<State, { at: "body" }>, bytes: Uint8Array, from: number): number {
    const whole = state.at === "head" && this.#text === "" ? endOfHead(bytes, from) : -1;
    const end = whole === -1 ? bytes.indexOf(lineFeed, from) : whole;
    const to = end === -1 ? bytes.length : end + 1;
    this.#text += Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString("latin1");
    if (end === -1) return to;
    if (state.at === "head") {
      if (this.#text.endsWith("\r\n\r\n")) this.#head(this.#take());
    } else this.#chunkLine(state.of, this.#take().trimEnd());
    return to;
  }

  #take(): string {
    const text = this.#text;
    this.#text = "";
    return text;
  }

  #head(text: string): void {
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? Number.NaN);
    if (Number.isNaN(status)) throw new Error(`not an HTTP/1.1 response: ${text.slice(0, 60)}`);
    if (status < 200) return;
    this.#status = status;
    this.#bodyBytes = 0;
    this.#listener.onHead?.(status, text);
    const length = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1];
    if (/\r\ntransfer-encoding: *chunked/i.test(text))
      this.#state = { at: "line", of: "chunk size" };
    else if (status === 204 || status === 304 || length === "0") this.#end();
    else if (length !== undefined) {
      this.#state = { at: "body", left: Number(length), next: "end" };
    } else throw new Error("a response without a length");
  }

  #chunkLine(of: "chunk size" | "chunk end" | "trailer", line: string): void {
    switch (of) {
      case "chunk size": {
        const left = Number.parseInt(line, 16);
        if (Number.isNaN(left)) throw new Error(`not a chunk size: ${line.slice(0, 20)}`);
        this.#state =
          left === 0 ? { at: "line", of: "trailer" } : { at: "body", left, next: "chunk end" };
        return;
      }
      case "chunk end":
        this.#state = { at: "line", of: "chunk size" };
        return;
      case "trailer":
        if (line === "") this.#end();
    }
  }

  #end(): void {
    this.#state = head;
    this.#listener.onEnd?.(this.#status, this.#bodyBytes);
  }
}

/** Where the last line feed of a head is; -1 when it is not all there. */
function endOfHead(bytes: Uint8Array, from: number): number {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const at = buffer.indexOf("\r\n\r\n", from, "latin1");
  return at === -1 ? -1 : at + 3;
}
