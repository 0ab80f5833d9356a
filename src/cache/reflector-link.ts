import type { ListerWatcher } from "./lister-watcher.ts";
import { readChunks } from "./read-chunks.ts";

export interface LinkOptions {
  /** Milliseconds without a sign of life until the link is probed, at the latest. */
  readonly silenceMs: number;
  readonly upstream: Pick<ListerWatcher, "probe" | "heard" | "onOutage">;
  readonly now: () => number;
}

/**
 * So many silences without a byte, and a body whose own connection no probe speaks for is ended: 30 s at the default, as client-go
 * pings a quiet HTTP/2 connection (apimachinery/pkg/util/net/http.go). A system's keepalive takes 71 s (BUN.md 2).
 */
const unprovenSilences = 3;

/** A body that is being read. */
interface Reading {
  readonly cut: (reason: Error) => void;
  isChecked: boolean;
  /** Somebody wants to know more than a silent connection tells. */
  isWanted: boolean;
}

/** What a reflector hears of upstream: while a body is silent the link is probed, and a dead one ends the reading. */
export class Link {
  readonly #options: LinkOptions;
  #lastHeardMs = 0;
  #lastByteMs = 0;
  readonly #readings = new Set<Reading>();

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** Milliseconds since the last sign of life: an answer, a byte of a body, a probe that was answered over its connection. */
  get silentMs(): number {
    return this.silentAt(this.#options.now());
  }

  /** The same, at a time that is known. */
  silentAt(nowMs: number): number {
    return nowMs - this.#lastHeardMs;
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

  /** Somebody reads: a body that has been silent for too long to be trusted is ended, where no probe can speak for it. */
  want(nowMs: number): void {
    const { silenceMs } = this.#options;
    if (this.silentAt(nowMs) <= silenceMs) return;
    for (const reading of this.#readings) {
      reading.isWanted = true;
      void this.#check(reading, silenceMs);
    }
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
    const reading: Reading = { cut, isChecked: false, isWanted: false };
    this.#readings.add(reading);
    // A silence of half the time, looked for twice as often: the probe is over before the whole of it is, which no read trusts.
    const halfMs = this.#options.silenceMs / 2;
    const watchdog = setInterval(() => void this.#check(reading, halfMs), halfMs / 2);
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
      this.#readings.delete(reading);
    }
  }

  async #check(reading: Reading, silenceMs: number): Promise<void> {
    if (this.silentMs < silenceMs || reading.isChecked) return;
    reading.isChecked = true;
    const finding = await this.#options.upstream.probe();
    reading.isChecked = false;
    if (!this.#readings.has(reading)) return;
    switch (finding) {
      case "alive":
        return this.heard();
      case "dead":
        return reading.cut(new Error("upstream was silent and a probe found the link dead"));
      case "alive elsewhere": {
        const isUnproven = this.silentMs >= unprovenSilences * this.#options.silenceMs;
        if (reading.isWanted || isUnproven)
          reading.cut(new Error("upstream was silent, and its connection may be half-open"));
      }
    }
  }
}
