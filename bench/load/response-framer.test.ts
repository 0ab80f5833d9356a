import { describe, expect, test } from "bun:test";

import { ResponseFramer } from "./response-framer.ts";

/** All that the framer finds in a text that comes in pieces of this size. */
function frame(text: string, size: number): readonly string[] {
  const found: string[] = [];
  let body = "";
  const framer = new ResponseFramer({
    onBody: (piece) => void (body += Buffer.from(piece).toString()),
    onEnd: (status, bytes) => {
      found.push(`${status} ${bytes} ${body}`);
      body = "";
    },
  });
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) framer.feed(bytes.subarray(at, at + size));
  return found;
}

const sized = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
const chunked =
  "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n";
const empty = "HTTP/1.1 204 No Content\r\nDate: today\r\n\r\n";
const zero = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";
const early = "HTTP/1.1 100 Continue\r\n\r\n";
const trailed =
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nTrailer: a\r\n\r\n";

describe("ResponseFramer", () => {
  test.each([
    ["a length", sized, ["200 5 hello"]],
    ["chunks", chunked, ["200 11 hello world"]],
    ["no body", empty, ["204 0 "]],
    ["a length of 0", zero, ["404 0 "]],
    ["an interim response", early + sized, ["200 5 hello"]],
    ["trailers", trailed, ["200 1 x"]],
    [
      "one after another",
      sized + chunked + empty + sized,
      ["200 5 hello", "200 11 hello world", "204 0 ", "200 5 hello"],
    ],
  ])("finds the end by %s, however the bytes are cut", (_, text, found) => {
    for (const size of [1, 2, 3, 7, 1000]) expect(frame(text, size)).toEqual(found);
  });

  test.each([
    ["what is no response", "SSH-2.0-x\r\n\r\n"],
    ["a response that only the connection's end delimits", "HTTP/1.1 200 OK\r\nA: b\r\n\r\n"],
    ["a chunk without a size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n"],
  ])("refuses %s", (_, text) => {
    expect(() => frame(text, 1000)).toThrow();
  });

  test("bytes that somebody else has thrown away count as the body's", () => {
    const ends: number[] = [];
    const framer = new ResponseFramer({ onEnd: (_, bytes) => void ends.push(bytes) });
    framer.feed(Buffer.from("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab"));
    expect(framer.bodyLeft).toBe(7);
    framer.skip(3);
    framer.skip(4);
    expect([framer.bodyLeft, ends]).toEqual([0, [9]]);
  });
});
