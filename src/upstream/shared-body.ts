/** A body that several answers may have: Bun copies bytes into each of them, and a Blob into none. */
export class SharedBody {
  readonly bytes: Uint8Array<ArrayBuffer>;
  #isTaken = false;
  #blob: Blob | undefined;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.bytes = bytes;
  }

  /** For one answer more. */
  take(): Uint8Array<ArrayBuffer> | Blob {
    if (this.#isTaken) return (this.#blob ??= new Blob([this.bytes]));
    this.#isTaken = true;
    return this.bytes;
  }
}
