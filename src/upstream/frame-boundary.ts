/** Follows the frames of a WebSocket as they pass, by their heads alone (RFC 6455 5.2). */
export class FrameBoundary {
  #head: number[] = [];
  #left = 0;

  /** Whether what has passed ends where a frame ends. */
  get isBetweenFrames(): boolean {
    return this.#left === 0 && this.#head.length === 0;
  }

  passed(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      const skipped = Math.min(this.#left, bytes.length - at);
      this.#left -= skipped;
      at += skipped;
      if (this.#left > 0 || at === bytes.length) return;
      this.#head.push(bytes[at++] ?? 0);
      this.#left = this.#readHead() ?? 0;
    }
  }

  /** What follows the head, once it is complete: the payload. */
  #readHead(): number | undefined {
    const head = this.#head;
    const second = head[1];
    if (second === undefined) return undefined;
    const short = second & 0x7f;
    const sizeBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
    const maskBytes = (second & 0x80) === 0 ? 0 : 4;
    if (head.length < 2 + sizeBytes + maskBytes) return undefined;
    const long = head.slice(2, 2 + sizeBytes).reduce((size, byte) => size * 256 + byte, 0);
    this.#head = [];
    return sizeBytes === 0 ? short : long;
  }
}
