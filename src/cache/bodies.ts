import type { SharedBytes } from "../http/answer.ts";

interface Kept {
  readonly body: SharedBytes;
  readonly version: number;
}

/**
 * List bodies by owner and query, each of one version of its owner; together within a limit of bytes, the least recently used
 * given up first. A body of an older version is replaced when its query is asked again, and given up with its owner.
 */
export class Bodies {
  readonly #maxBytes: number;
  #bodies = new Map<string, Kept>();
  #byteLength = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get byteLength(): number {
    return this.#byteLength;
  }

  /** The body of this version, or undefined. */
  get(key: string, version: number): SharedBytes | undefined {
    const kept = this.#bodies.get(key);
    if (kept === undefined || kept.version !== version) return undefined;
    this.#bodies.delete(key);
    this.#bodies.set(key, kept);
    return kept.body;
  }

  set(key: string, version: number, body: SharedBytes): void {
    this.#remove(key);
    const cost = costOf(key, body);
    if (cost > this.#maxBytes) return;
    this.#bodies.set(key, { body, version });
    this.#byteLength += cost;
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
    const kept = this.#bodies.get(key);
    if (kept === undefined) return;
    this.#bodies.delete(key);
    this.#byteLength -= costOf(key, kept.body);
  }
}

/** Selectors make a key long, and leave of a list what is short. */
function costOf(key: string, { bytes }: SharedBytes): number {
  return key.length + bytes.length;
}
