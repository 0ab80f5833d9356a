import { connect, type Socket } from "node:net";

import { waitUntil } from "../../src/testing/child-process.ts";
import type { Format } from "./moves.ts";
import { mediaType } from "./wire.ts";

/** A client that reads nothing until it is told to. */
export class SlowClient {
  readonly #socket: Socket;
  #chunks: Buffer[] = [];
  #isOver = false;
  #isBroken = false;

  constructor(url: string, target: string, format: Format, userAgent: string) {
    const { hostname, port } = new URL(url);
    this.#socket = connect({ host: hostname, port: Number(port) }, () => {
      const head = [
        `GET ${target} HTTP/1.1`,
        `Host: ${hostname}:${port}`,
        `Accept: ${mediaType[format]}`,
        `User-Agent: ${userAgent}`,
      ];
      this.#socket.write(`${head.join("\r\n")}\r\n\r\n`);
      this.#socket.pause();
    });
    this.#socket.on("error", () => {
      this.#isBroken = true;
      this.#isOver = true;
    });
    this.#socket.on("close", () => {
      this.#isOver = true;
    });
    this.#socket.on("data", (chunk: Buffer) => this.#chunks.push(chunk));
  }

  close(): void {
    this.#socket.destroy();
  }

  async drain(): Promise<{
    status: number | undefined;
    source: string;
    body: Uint8Array;
    ended: "clean" | "broken" | "closed";
  }> {
    this.#socket.resume();
    let length = -1;
    // A stream of bookmarks is never quiet.
    const end = Date.now() + 2000;
    const isQuiet = async () => {
      if (this.#isOver || this.#chunked().isWhole) return true;
      const before = length;
      length = this.#chunks.length;
      if (before === length || Date.now() > end) return true;
      await Bun.sleep(150);
      return false;
    };
    await waitUntil("a slow watch is drained", isQuiet, 10);
    const all = Buffer.concat(this.#chunks);
    this.#socket.destroy();
    const head = all.toString("latin1", 0, Math.max(0, all.indexOf("\r\n\r\n")));
    const status = /^HTTP\/1\.1 (\d+)/.exec(head)?.[1];
    const source = /^x-edge-proxy: (.*)$/im.exec(head)?.[1]?.trim() ?? "none";
    const { body, isWhole } = this.#chunked();
    const ended = isWhole ? "clean" : this.#isBroken ? "broken" : "closed";
    return { status: status === undefined ? undefined : Number(status), source, body, ended };
  }

  /** The body without its chunk sizes; whole when the last chunk has come. */
  #chunked(): { body: Uint8Array; isWhole: boolean } {
    const all = Buffer.concat(this.#chunks);
    const parts: Buffer[] = [];
    let at = all.indexOf("\r\n\r\n");
    if (at < 0) return { body: new Uint8Array(), isWhole: false };
    at += 4;
    for (;;) {
      const end = all.indexOf("\r\n", at);
      if (end < 0) return { body: Buffer.concat(parts), isWhole: false };
      const size = Number.parseInt(all.toString("latin1", at, end), 16);
      if (size === 0) return { body: Buffer.concat(parts), isWhole: true };
      parts.push(all.subarray(end + 2, Math.min(all.length, end + 2 + size)));
      at = end + 2 + size + 2;
      if (at > all.length) return { body: Buffer.concat(parts), isWhole: false };
    }
  }
}
