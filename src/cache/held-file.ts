import { closeSync, constants, fstatSync, lstatSync } from "node:fs";
import { basename } from "node:path";

import { openOwn } from "./own-files.ts";

/** A file that is open to its one writer: others may still remove, replace or cut it, of which an open file tells nothing. */
export class HeldFile {
  readonly descriptor: number;
  readonly #path: string;
  readonly #device: number;
  readonly #inode: number;
  #size: number;

  constructor(path: string) {
    this.descriptor = openOwn(path, constants.O_RDONLY);
    const { dev, ino, size } = fstatSync(this.descriptor);
    this.#path = path;
    this.#device = dev;
    this.#inode = ino;
    this.#size = size;
  }

  /** What others have done to it since, in words; undefined where they have not. Throws the system's errors. */
  harm(): string | undefined {
    const found = lstatSync(this.#path, { throwIfNoEntry: false });
    const name = basename(this.#path);
    if (found === undefined) return `${name} was removed while it was in use`;
    if (found.ino !== this.#inode || found.dev !== this.#device)
      return `${name} was replaced while it was in use`;
    if (found.size < this.#size) return `${name} was cut while it was in use`;
    this.#size = found.size;
    return undefined;
  }

  /** It may be shorter from here on by what its writer has just done. */
  resized(): void {
    this.#size = fstatSync(this.descriptor).size;
  }

  close(): void {
    closeSync(this.descriptor);
  }
}
