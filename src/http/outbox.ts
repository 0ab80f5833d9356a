import type { SharedBytes } from "./answer.ts";

/** A socket, as far as bytes are written to it. */
export interface WritableSocket {
  /** How many of the bytes were taken; negative when the socket is closed. */
  write(bytes: Uint8Array, from: number, length: number): number;
}

/** Told of bytes that wait for a client. */
export interface WaitingBytes {
  waiting(bytes: Uint8Array): void;
  /** They wait no more. */
  taken(bytes: Uint8Array): void;
}

/** Where small writes are put together. Its bytes are free again as soon as the socket has been asked to take them. */
const scratch = Buffer.allocUnsafeSlow(32 << 10);
const lineEnd = Buffer.from("\r\n");
/** An event that many watchers are sent one after the other is made a chunk once, when the second one is sent it. */
const maxSharedChunk = 64 << 10;
let lastBytes: Uint8Array | undefined;
let lastChunk: Uint8Array | undefined;

/** The chunk of bytes that were the last ones to be sent as well; undefined for others. */
function sharedChunk(bytes: Uint8Array, size: string): Uint8Array | undefined {
  if (bytes === lastBytes) return (lastChunk ??= chunkOf(bytes, size));
  lastBytes = bytes.length <= maxSharedChunk ? bytes : undefined;
  lastChunk = undefined;
  return undefined;
}

function chunkOf(bytes: Uint8Array, size: string): Uint8Array {
  const chunk = Buffer.allocUnsafeSlow(size.length + bytes.length + 2);
  chunk.write(size, 0, "latin1");
  chunk.set(bytes, size.length);
  chunk.set(lineEnd, chunk.length - 2);
  return chunk;
}

/**
 * What is written to a socket, in order. Bytes that the socket does not take at once wait by reference: a client that does not
 * read costs no copy of a body that others have as well.
 */
export class Outbox {
  readonly #socket: WritableSocket;
  readonly #waiting: WaitingBytes;
  /** undefined: nothing waits; most connections are such, and an array each would be memory. */
  #queue: Uint8Array[] | undefined;

  constructor(socket: WritableSocket, waiting: WaitingBytes) {
    this.#socket = socket;
    this.#waiting = waiting;
  }

  get isEmpty(): boolean {
    return this.#queue === undefined;
  }

  /** Text of a head: one byte a character. */
  writeText(text: string): void {
    if (text.length > scratch.length) return this.write(Buffer.from(text, "latin1"));
    this.#writeScratch(scratch.write(text, 0, "latin1"));
  }

  /** Bytes that stay as they are until they are taken. */
  write(bytes: Uint8Array): void {
    const written = this.#isOpenFor(bytes.length) ? this.#give(bytes, bytes.length) : 0;
    if (written < bytes.length) this.#wait(written === 0 ? bytes : bytes.subarray(written));
  }

  /** A head and a body that is in memory, in as few writes as there can be. */
  writeWhole(head: string, pieces: readonly Uint8Array[]): void {
    if (head.length > scratch.length) {
      this.writeText(head);
      for (const piece of pieces) this.write(piece);
      return;
    }
    let filled = scratch.write(head, 0, "latin1");
    for (const [at, piece] of pieces.entries()) {
      const room = scratch.length - filled;
      if (piece.length <= room) {
        scratch.set(piece, filled);
        filled += piece.length;
        continue;
      }
      // The rest of what does not fit is written from where it is.
      scratch.set(piece.subarray(0, room), filled);
      this.#writeScratch(scratch.length);
      this.write(piece.subarray(room));
      for (const later of pieces.slice(at + 1)) this.write(later);
      return;
    }
    this.#writeScratch(filled);
  }

  /** A head and a body that other answers share: what is left of the head is copied, since the room is theirs too. */
  writeShared(head: string, body: SharedBytes): void {
    const start = this.isEmpty ? body.putHead(head) : undefined;
    if (start === undefined) return this.writeWhole(head, [body.bytes]);
    const written = Math.max(0, this.#socket.write(body.whole, start, body.whole.length - start));
    if (written < head.length) {
      this.#wait(Buffer.from(head.slice(written), "latin1"));
      return this.#wait(body.bytes);
    }
    const sent = written - head.length;
    if (sent < body.bytes.length) this.#wait(body.bytes.subarray(sent));
  }

  /** Bytes as one chunk of a chunked body (RFC 9112 7.1). */
  writeChunk(bytes: Uint8Array): void {
    if (bytes === lastBytes && lastChunk !== undefined) return this.write(lastChunk);
    const size = `${bytes.length.toString(16)}\r\n`;
    const shared = sharedChunk(bytes, size);
    if (shared !== undefined) return this.write(shared);
    const whole = size.length + bytes.length + 2;
    if (whole > scratch.length) {
      this.writeText(size);
      this.write(bytes);
      return this.write(lineEnd);
    }
    scratch.write(size, 0, "latin1");
    scratch.set(bytes, size.length);
    scratch.set(lineEnd, whole - 2);
    this.#writeScratch(whole);
  }

  /** Writes what waits, as far as the socket takes it. */
  flush(): void {
    const queue = this.#queue ?? [];
    for (;;) {
      const [first] = queue;
      if (first === undefined) break;
      const written = this.#give(first, first.length);
      if (written < first.length) {
        if (written > 0) queue[0] = first.subarray(written);
        return;
      }
      queue.shift();
      this.#waiting.taken(first);
    }
    this.#queue = undefined;
  }

  /** Forgets what waits: nobody reads it any more. */
  drop(): void {
    for (const bytes of this.#queue ?? []) this.#waiting.taken(bytes);
    this.#queue = undefined;
  }

  #isOpenFor(length: number): boolean {
    return length > 0 && this.#queue === undefined;
  }

  #writeScratch(length: number): void {
    const written = this.#isOpenFor(length) ? this.#give(scratch, length) : 0;
    if (written < length) this.#wait(Buffer.from(scratch.subarray(written, length)));
  }

  #give(bytes: Uint8Array, length: number): number {
    return Math.max(0, this.#socket.write(bytes, 0, length));
  }

  #wait(bytes: Uint8Array): void {
    (this.#queue ??= []).push(bytes);
    this.#waiting.waiting(bytes);
  }
}
