/** What the stream of a request's body asks of its connection. */
export interface BodyFlow {
  pause(): void;
  resume(): void;
  /** Called when the number of bytes that wait for the reader changes. `full`: there is no room for more. */
  hold(bytes: number): "room" | "full";
  /** Called when the body is first asked for. */
  wanted(): void;
}

/** So much of a body is read ahead of who uploads it. */
const maxAheadBytes = 64 << 10;

/** A request's body as a stream: what has come waits for its reader, and past a bound the client waits too. */
export class RequestBodyStream {
  readonly #flow: BodyFlow;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #end: "open" | "ended" | { readonly error: unknown } = "open";
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #isAsked = false;
  #isDropped = false;

  constructor(flow: BodyFlow) {
    this.#flow = flow;
  }

  /** The stream; called once. */
  open(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#pull(),
        cancel: () => this.drop(),
      },
      { highWaterMark: 0 },
    );
  }

  add(bytes: Uint8Array): void {
    if (this.#isDropped) return;
    this.#waiting.push(bytes);
    const room = this.#count(bytes.length);
    if (this.#isAsked) this.#give();
    if (this.#waitingBytes > maxAheadBytes || (room === "full" && this.#waitingBytes > 0))
      this.#flow.pause();
  }

  end(): void {
    if (this.#end === "open") this.#end = "ended";
    if (this.#isAsked) this.#give();
  }

  fail(error: unknown): void {
    if (this.#end !== "open" || this.#isDropped) return;
    this.#end = { error };
    this.#forget();
    if (this.#isAsked) this.#give();
  }

  /** Nobody wants the rest: what comes is thrown away. */
  drop(): void {
    if (this.#isDropped) return;
    this.#isDropped = true;
    this.#forget();
    this.#flow.resume();
  }

  #count(bytes: number): "room" | "full" {
    this.#waitingBytes += bytes;
    return this.#flow.hold(bytes);
  }

  #forget(): void {
    this.#waiting = [];
    this.#count(-this.#waitingBytes);
  }

  #pull(): void {
    if (this.#waitingBytes === 0 && this.#end === "open") this.#flow.wanted();
    this.#isAsked = true;
    this.#give();
  }

  #give(): void {
    const controller = this.#controller;
    if (controller === undefined) return;
    const bytes = this.#waiting.shift();
    if (bytes !== undefined) {
      this.#isAsked = false;
      this.#count(-bytes.length);
      controller.enqueue(bytes);
      if (this.#waitingBytes <= maxAheadBytes) this.#flow.resume();
      if (this.#waiting.length > 0 || this.#end !== "ended") return;
    }
    if (this.#end === "open") return;
    this.#controller = undefined;
    if (this.#end === "ended") controller.close();
    else controller.error(this.#end.error);
  }
}
