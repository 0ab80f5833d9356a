/** The bytes that wait for clients, each buffer counted once however many clients wait for it. */
export class WaitingTotal {
  readonly #uses = new Map<ArrayBufferLike, number>();
  #byteLength = 0;

  get byteLength(): number {
    return this.#byteLength;
  }

  add({ buffer }: Uint8Array): void {
    const uses = this.#uses.get(buffer) ?? 0;
    if (uses === 0) this.#byteLength += buffer.byteLength;
    this.#uses.set(buffer, uses + 1);
  }

  remove({ buffer }: Uint8Array): void {
    const uses = this.#uses.get(buffer) ?? 0;
    if (uses > 1) return void this.#uses.set(buffer, uses - 1);
    if (this.#uses.delete(buffer)) this.#byteLength -= buffer.byteLength;
  }
}
