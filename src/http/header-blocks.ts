import { StatusError } from "../api/status.ts";
import { type HeaderBlock, parseHeaderBlock } from "./head.ts";

/** Header fields, and the text that they were read from. */
export interface ReadBlock {
  readonly text: string;
  readonly block: HeaderBlock;
}

/** A longer text is read each time. */
const maxTextLength = 2048;
/** A node's clients send a few dozen. */
const maxBlocks = 256;

/** Header blocks by their text: connections of one client share what has been read of theirs, and the text. */
export class HeaderBlocks {
  readonly #blocks = new Map<string, ReadBlock>();

  get size(): number {
    return this.#blocks.size;
  }

  /** The block; the StatusError of what is none. */
  read(text: string): ReadBlock | StatusError {
    const there = this.#blocks.get(text);
    if (there !== undefined) return there;
    const block = parseHeaderBlock(text);
    if (block instanceof StatusError) return block;
    const read = { text, block };
    if (text.length > maxTextLength) return read;
    if (this.#blocks.size >= maxBlocks) this.#blocks.clear();
    this.#blocks.set(text, read);
    return read;
  }
}
