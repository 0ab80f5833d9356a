import { describe, expect, test } from "bun:test";

import { bodyDecoder } from "./request-body.ts";

/** What a body is read as, given in pieces of so many bytes; what follows it. */
function read(framing: Parameters<typeof bodyDecoder>[0], text: string, pieceBytes: number) {
  const decoder = bodyDecoder(framing);
  const bytes = Buffer.from(text);
  const data: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const decoded = decoder.push(bytes.subarray(at, at + pieceBytes));
    data.push(...decoded.data);
    if (decoded.rest === undefined) continue;
    const rest = Buffer.concat([decoded.rest, bytes.subarray(at + pieceBytes)]);
    return [Buffer.concat(data).toString(), rest.toString()];
  }
  return [Buffer.concat(data).toString(), undefined];
}

const chunked = { is: "chunked" } as const;

describe("bodyDecoder", () => {
  test.each([
    [{ is: "length", bytes: 5 } as const, "helloGET", ["hello", "GET"]],
    [{ is: "length", bytes: 5 } as const, "hel", ["hel", undefined]],
    [chunked, "5\r\nhello\r\n0\r\n\r\nGET", ["hello", "GET"]],
    [chunked, "2\r\nhe\r\n3;a=b;c\r\nllo\r\n0\r\nT: x\r\nU: y\r\n\r\n", ["hello", ""]],
    [chunked, "0A \r\n0123456789\r\n000\r\n\r\n", ["0123456789", ""]],
    [chunked, "5\r\nhel", ["hel", undefined]],
    [chunked, "0\r\nT: x\r\n", ["", undefined]],
  ])("%p of %p is %p, in pieces of any length", (framing, text, expected) => {
    for (const pieceBytes of [1, 2, 3, 7, text.length])
      expect(read(framing, text, pieceBytes)).toEqual(expected as string[]);
  });

  test.each([
    "x\r\n",
    "-1\r\n",
    "+1\r\na\r\n",
    "0x1\r\na\r\n",
    "\r\n",
    "1\na\r\n",
    "1\r\nab\r\n",
    "1\r\na\n0\r\n\r\n",
    "1;\x00\r\na\r\n",
    "11111111111111\r\n",
  ])("%p is no chunked body", (text) => {
    for (const pieceBytes of [1, text.length])
      expect(() => read(chunked, text, pieceBytes)).toThrow("chunked body");
  });

  test.each([
    ["a line", `1;${"x".repeat(5000)}`],
    ["all trailers", `0\r\n${"T: x\r\n".repeat(4000)}\r\n`],
  ])("%s has a bound", (_, text) => {
    expect(() => read(chunked, text, 1000)).toThrow("too long");
  });
});
