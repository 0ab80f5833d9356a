/** The watches that are forwarded: each ends when the signal that it began under is aborted, those to come have another. */
export class ForwardedWatches {
  #open = new AbortController();

  /** For a watch that begins now. */
  get signal(): AbortSignal {
    return this.#open.signal;
  }

  /** Ends all that are open: cleanly, or with an ERROR event where the reason is a StatusError. */
  end(reason?: unknown): void {
    this.#open.abort(reason);
    this.#open = new AbortController();
  }
}
