import { describe, expect, test } from "bun:test";

import { encodeMessage, FrameError, FrameReader, type Message } from "./upgrade-frames.ts";

/** An unmasked frame, as a server sends it. */
function frame(first: number, payload: Uint8Array | string, length?: number): Buffer {
  const bytes = Buffer.from(payload);
  const size = length ?? bytes.length;
  const head = [first];
  if (size < 126) head.push(size);
  else if (size < 65_536) head.push(126, size >> 8, size & 0xff);
  else
    head.push(
      127,
      0,
      0,
      0,
      0,
      (size >>> 24) & 0xff,
      (size >> 16) & 0xff,
      (size >> 8) & 0xff,
      size & 0xff,
    );
  return Buffer.concat([Buffer.from(head), bytes]);
}

const [text, binary, close, ping, final] = [1, 2, 8, 9, 0x80];
const read = (...chunks: readonly Uint8Array[]): Message[] => {
  const reader = new FrameReader();
  return chunks.flatMap((chunk) => [...reader.push(chunk)]);
};
const binaryOf = (payload: string): Message => ({
  is: "binary",
  bytes: new Uint8Array(Buffer.from(payload)),
});

describe("FrameReader", () => {
  test("reads frames however they are cut", () => {
    const bytes = Buffer.concat([
      frame(final | text, "hello ✓"),
      frame(final | binary, ""),
      frame(final | binary, "x".repeat(300)),
      frame(final | binary, "y".repeat(70_000)),
    ]);
    const whole = read(bytes);
    const single = read(...Array.from(bytes, (_, at) => bytes.subarray(at, at + 1)));
    expect(whole).toEqual([
      { is: "text", text: "hello ✓" },
      binaryOf(""),
      binaryOf("x".repeat(300)),
      binaryOf("y".repeat(70_000)),
    ]);
    expect(single).toEqual(whole);
  });

  test("puts fragments together, control frames between them come first", () => {
    const messages = read(
      frame(text, "one "),
      frame(final | ping, "p"),
      frame(0, "two "),
      frame(final, "three"),
      frame(final | text, "next"),
    );
    expect(messages).toEqual([
      { is: "ping", bytes: new Uint8Array(Buffer.from("p")) },
      { is: "text", text: "one two three" },
      { is: "text", text: "next" },
    ]);
  });

  test.each([
    ["a code and a reason", Buffer.from([0x03, 0xf3, 0x62, 0x79, 0x65]), 1011, "bye"],
    ["a code alone", Buffer.from([0x03, 0xe8]), 1000, ""],
    ["nothing", Buffer.alloc(0), undefined, ""],
  ])("reads a close with %s", (_, payload, code, reason) => {
    expect(read(frame(final | close, payload))).toEqual([{ is: "close", code, reason }]);
  });

  test.each([
    ["a reserved bit", frame(0xc0 | binary, "x"), 1002],
    ["an unknown opcode", frame(final | 3, "x"), 1002],
    ["an unknown control frame", frame(final | 11, "x"), 1002],
    ["a message past the limit", frame(final | binary, "", 0x7fff_ffff), 1009],
  ])("refuses %s", (_, bytes, code) => {
    const failing = () => read(bytes);
    expect(failing).toThrow(FrameError);
    expect(failing).toThrow(expect.objectContaining({ code }));
  });
});

describe("encodeMessage", () => {
  test.each([[0], [1], [125], [126], [65_535], [65_536]])(
    "masks %p bytes, and says how many",
    (length) => {
      const bytes = new Uint8Array(length).map((_, at) => at);
      const encoded = encodeMessage({ is: "binary", bytes });
      const headLength = length < 126 ? 2 : length < 65_536 ? 4 : 10;
      expect([encoded[0], (encoded[1] ?? 0) & 0x80]).toEqual([0x82, 0x80]);
      const mask = encoded.subarray(headLength, headLength + 4);
      const plain = encoded.subarray(headLength + 4).map((byte, at) => byte ^ (mask[at % 4] ?? 0));
      expect(plain).toEqual(bytes);
    },
  );
});
