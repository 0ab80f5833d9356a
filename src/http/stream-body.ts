import type { PushBody, Sink } from "./answer.ts";

/** What becomes of an answer whose stream fails, or is not as long as its head says. */
type Failing = "breaks off" | "ends";

/** A stream as a body that writes itself, at the speed of its client. */
export class StreamBody implements PushBody {
  readonly #reader: ReturnType<typeof readerOf>;
  readonly #failing: Failing;
  /** Bytes that are still to come; infinite where nobody knows. */
  #promised: number;
  #hasLeft = false;
  #roomAgain: (() => void) | undefined;

  /** `length` is the one that the head says, in bytes; undefined: it says none. */
  constructor(stream: ReadableStream<Uint8Array>, failing: Failing, length?: number) {
    this.#reader = readerOf(stream);
    this.#failing = failing;
    this.#promised = length ?? Number.POSITIVE_INFINITY;
  }

  begin(sink: Sink): void {
    void this.#pump(sink).catch(() => {
      this.#cancel();
      if (this.#failing === "ends") sink.end();
      else sink.destroy();
    });
  }

  drained(): void {
    this.#roomAgain?.();
    this.#roomAgain = undefined;
  }

  left(): void {
    this.#hasLeft = true;
    this.#cancel();
    this.drained();
  }

  async #pump(sink: Sink): Promise<void> {
    for (;;) {
      const { done, value } = await this.#reader.read();
      if (this.#hasLeft) return;
      if (done) break;
      this.#promised -= value.length;
      if (this.#promised < 0) throw wrongLength;
      if (sink.write(value) === "full") await this.#room();
    }
    if (Number.isFinite(this.#promised) && this.#promised > 0) throw wrongLength;
    sink.end();
  }

  #room(): Promise<void> {
    return new Promise((resolve) => {
      this.#roomAgain = resolve;
    });
  }

  #cancel(): void {
    void this.#reader.cancel().catch(() => undefined);
  }
}

function readerOf(stream: ReadableStream<Uint8Array>) {
  return stream.getReader();
}

const wrongLength = new Error("the body is not as long as its Content-Length");
