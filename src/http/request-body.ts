import { badRequest, type StatusError } from "../api/status.ts";
import type { Framing } from "./head.ts";

/** What bytes of a connection are to a request's body. */
export interface Decoded {
  /** Bytes of the body, in order. */
  readonly data: readonly Uint8Array[];
  /** What follows the body; undefined while the body goes on. */
  readonly rest: Uint8Array | undefined;
}

/** A chunk's size line and a trailer may have this many bytes. */
const maxLineBytes = 4096;
/** All trailers together; they are dropped. */
const maxTrailerBytes = 16 << 10;
/** `SIZE` in hexadecimal digits, and extensions, which mean nothing to anybody here (RFC 9112 7.1.1). */
// oxlint-disable-next-line no-control-regex
const sizeForm = /^([0-9A-Fa-f]{1,13})[ \t]*(?:;[^\0-\x08\x0a-\x1f\x7f]*)?$/;

/** Reads a body of the framing, byte by byte as it comes. Throws a StatusError for what is no such body. */
export function bodyDecoder(framing: Framing): BodyDecoder {
  switch (framing.is) {
    case "none":
      return new LengthDecoder(0);
    case "length":
      return new LengthDecoder(framing.bytes);
    case "chunked":
      return new ChunkDecoder();
  }
}

export interface BodyDecoder {
  /** Bytes that are known to follow; undefined where nobody knows. */
  readonly remaining: number | undefined;
  push(bytes: Uint8Array): Decoded;
}

class LengthDecoder implements BodyDecoder {
  remaining: number;

  constructor(length: number) {
    this.remaining = length;
  }

  push(bytes: Uint8Array): Decoded {
    const taken = Math.min(bytes.length, this.remaining);
    this.remaining -= taken;
    return {
      data: taken === 0 ? [] : [bytes.subarray(0, taken)],
      rest: this.remaining === 0 ? bytes.subarray(taken) : undefined,
    };
  }
}

type ChunkPhase = "size" | "data" | "data end" | "trailer" | "done";

/** A chunked body (RFC 9112 7.1). Lines end in CRLF, nothing else. */
class ChunkDecoder implements BodyDecoder {
  readonly remaining = undefined;
  #phase: ChunkPhase = "size";
  #line = "";
  #chunk = 0;
  #trailerBytes = 0;

  push(bytes: Uint8Array): Decoded {
    const data: Uint8Array[] = [];
    let at = 0;
    while (this.#phase !== "done") {
      if (this.#phase === "data") {
        const taken = Math.min(bytes.length - at, this.#chunk);
        if (taken > 0) data.push(bytes.subarray(at, at + taken));
        at += taken;
        this.#chunk -= taken;
        if (this.#chunk > 0) return { data, rest: undefined };
        this.#phase = "data end";
      }
      const end = bytes.indexOf(0x0a, at);
      const part = bytes.subarray(at, end === -1 ? bytes.length : end + 1);
      this.#line += Buffer.from(part.buffer, part.byteOffset, part.length).toString("latin1");
      if (this.#line.length > maxLineBytes) throw badChunk("a line is too long");
      if (end === -1) return { data, rest: undefined };
      at = end + 1;
      if (!this.#line.endsWith("\r\n")) throw badChunk("a line does not end in CRLF");
      const line = this.#line.slice(0, -2);
      this.#line = "";
      this.#take(line);
    }
    return { data, rest: bytes.subarray(at) };
  }

  #take(line: string): void {
    switch (this.#phase) {
      case "size": {
        const [, digits] = sizeForm.exec(line) ?? [];
        if (digits === undefined) throw badChunk("a chunk has no size");
        this.#chunk = Number.parseInt(digits, 16);
        this.#phase = this.#chunk === 0 ? "trailer" : "data";
        return;
      }
      case "data end":
        if (line !== "") throw badChunk("a chunk is longer than its size");
        this.#phase = "size";
        return;
      case "trailer":
        this.#trailerBytes += line.length + 2;
        if (this.#trailerBytes > maxTrailerBytes) throw badChunk("the trailers are too long");
        if (line === "") this.#phase = "done";
        return;
      case "data":
      case "done":
    }
  }
}

function badChunk(why: string): StatusError {
  return badRequest(`the chunked body cannot be read: ${why}`);
}
