/** A composed answer, shared by reference. */
export interface Body {
  readonly blob: Blob;
  readonly version: number;
}

/**
 * List bodies by owner and query, each of one version of its owner; together within a limit of bytes, the least recently used
 * given up first. A body of an older version is replaced when its query is asked again, and given up with its owner.
 */
export class Bodies {
  readonly #maxBytes: number;
  #bodies = new Map<string, Body>();
  #byteLength = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get byteLength(): number {
    return this.#byteLength;
  }

  /** The body of this version, or undefined. */
  get(key: string, version: number): Blob | undefined {
    const body = this.#bodies.get(key);
    if (body === undefined || body.version !== version) return undefined;
    this.#bodies.delete(key);
    this.#bodies.set(key, body);
    return body.blob;
  }

  set(key: string, version: number, blob: Blob): void {
    this.#remove(key);
    if (blob.size > this.#maxBytes) return;
    this.#bodies.set(key, { blob, version });
    this.#byteLength += blob.size;
    for (const oldest of this.#bodies.keys()) {
      if (this.#byteLength <= this.#maxBytes) break;
      this.#remove(oldest);
    }
  }

  /** Gives up all whose key begins so: an owner that is gone. */
  removeAll(prefix: string): void {
    for (const key of this.#bodies.keys()) if (key.startsWith(prefix)) this.#remove(key);
  }

  #remove(key: string): void {
    const body = this.#bodies.get(key);
    if (body === undefined) return;
    this.#bodies.delete(key);
    this.#byteLength -= body.blob.size;
  }
}
