import type { ListerWatcher } from "./lister-watcher.ts";
import { readChunks } from "./read-chunks.ts";

export interface LinkOptions {
  /** Milliseconds without a sign of life until the link is probed, at the latest. */
  readonly silenceMs: number;
  readonly upstream: Pick<ListerWatcher, "probe" | "heard" | "onOutage">;
  readonly now: () => number;
}

/** What a reflector hears of upstream: while a body is silent the link is probed, and a dead one ends the reading. */
export class Link {
  readonly #options: LinkOptions;
  #lastHeardMs = 0;
  #lastByteMs = 0;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** Milliseconds since the last sign of life: an answer, a byte of a body, a probe that was answered. */
  get silentMs(): number {
    return this.#options.now() - this.#lastHeardMs;
  }

  /** An answer, or a byte of its body. */
  received(): void {
    this.#lastByteMs = this.#options.now();
    this.heard();
  }

  heard(): void {
    this.#lastHeardMs = this.#options.now();
  }

  /** It was heard so many milliseconds ago, by another process. */
  heardBefore(ms: number): void {
    this.#lastHeardMs = this.#options.now() - Math.max(0, ms);
  }

  /** Calls when no answer and no byte has come for so long; gives the function that ends the looking. */
  whenQuiet(ms: number, call: () => void): () => void {
    const look = () => {
      if (this.#options.now() - this.#lastByteMs >= ms) call();
    };
    const timer = setInterval(look, ms / 4);
    return () => clearInterval(timer);
  }

  /** Reads a body to its end; `cut` is called when it is silent and the link is dead, and must make the body fail. */
  async read(
    body: ReadableStream<Uint8Array>,
    take: (chunk: Uint8Array) => void,
    cut: (reason: Error) => void,
  ): Promise<void> {
    // Half of the time, and a silence of half of it: dead links are found within the whole.
    const halfMs = this.#options.silenceMs / 2;
    const watchdog = setInterval(() => void this.#check(halfMs, cut), halfMs);
    const stopListening = this.#options.upstream.onOutage(() =>
      cut(new Error("upstream is not reachable")),
    );
    try {
      for await (const chunk of readChunks(body)) {
        this.received();
        this.#options.upstream.heard();
        take(chunk);
      }
    } finally {
      stopListening();
      clearInterval(watchdog);
    }
  }

  async #check(silenceMs: number, cut: (reason: Error) => void): Promise<void> {
    if (this.silentMs < silenceMs) return;
    if (await this.#options.upstream.probe()) this.heard();
    else cut(new Error("upstream was silent and a probe found the link dead"));
  }
}
