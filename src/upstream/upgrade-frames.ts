/** WebSocket framing of the client side (RFC 6455 5.2): what is read is unmasked, what is written is masked. */

export type Message =
  | { readonly is: "text"; readonly text: string }
  | { readonly is: "binary"; readonly bytes: Uint8Array }
  | { readonly is: "ping" | "pong"; readonly bytes: Uint8Array }
  /** Without a code when the frame was empty. */
  | { readonly is: "close"; readonly code: number | undefined; readonly reason: string };

/** The other side does not keep to the protocol; `code` is what a close frame says of it. */
export class FrameError extends Error {
  readonly code: 1002 | 1009;
  constructor(code: 1002 | 1009, message: string) {
    super(message);
    this.name = "FrameError";
    this.code = code;
  }
}

/** Messages past this are refused: kubectl's are 32 KiB, an apiserver takes 32 MiB (x/net/websocket). */
export const maxMessageBytes = 64 << 20;

const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

interface Head {
  readonly isFinal: boolean;
  readonly opcode: number;
  readonly payload: Uint8Array;
  /** Bytes of the payload that are there. */
  filled: number;
}

/** Turns bytes as they arrive into whole messages; fragments are put together. Throws a FrameError. */
export class FrameReader {
  #rest: Uint8Array = new Uint8Array(0);
  #frame: Head | undefined;
  #parts: Uint8Array[] = [];
  #partsLength = 0;
  #opcode: number = opcodes.continuation;

  *push(chunk: Uint8Array): Generator<Message> {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (;;) {
      if (this.#frame === undefined) {
        const headLength = this.#readHead(bytes);
        if (headLength === 0) break;
        bytes = bytes.subarray(headLength);
      }
      const frame = this.#frame;
      if (frame === undefined) break;
      const taken = Math.min(frame.payload.length - frame.filled, bytes.length);
      frame.payload.set(bytes.subarray(0, taken), frame.filled);
      frame.filled += taken;
      bytes = bytes.subarray(taken);
      if (frame.filled < frame.payload.length) break;
      this.#frame = undefined;
      const message = this.#messageOf(frame);
      if (message !== undefined) yield message;
    }
    this.#rest = bytes;
  }

  /** The head's length in bytes; 0 while it is not whole. */
  #readHead(bytes: Uint8Array): number {
    const [first, second] = bytes;
    if (first === undefined || second === undefined) return 0;
    if ((first & 0x70) !== 0 || (second & 0x80) !== 0)
      throw new FrameError(1002, "a frame with reserved bits or a mask");
    const short = second & 0x7f;
    const headLength = short === 127 ? 10 : short === 126 ? 4 : 2;
    if (bytes.length < headLength) return 0;
    const view = new DataView(bytes.buffer, bytes.byteOffset, headLength);
    const length =
      short === 127 ? Number(view.getBigUint64(2)) : short === 126 ? view.getUint16(2) : short;
    if (length + this.#partsLength > maxMessageBytes)
      throw new FrameError(1009, `a message of more than ${maxMessageBytes} bytes`);
    const payload = new Uint8Array(length);
    this.#frame = { isFinal: (first & 0x80) !== 0, opcode: first & 0x0f, payload, filled: 0 };
    return headLength;
  }

  #messageOf({ isFinal, opcode, payload }: Head): Message | undefined {
    if (opcode >= opcodes.close) return controlMessage(opcode, payload);
    if (opcode !== opcodes.continuation) this.#opcode = opcode;
    if (isFinal && this.#parts.length === 0) return dataMessage(this.#opcode, payload);
    this.#parts.push(payload);
    this.#partsLength += payload.length;
    if (!isFinal) return undefined;
    const whole = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#partsLength = 0;
    return dataMessage(this.#opcode, whole);
  }
}

function dataMessage(opcode: number, bytes: Uint8Array): Message {
  if (opcode === opcodes.text) return { is: "text", text: decoder.decode(bytes) };
  if (opcode === opcodes.binary) return { is: "binary", bytes };
  throw new FrameError(1002, `a data frame with opcode ${opcode}`);
}

function controlMessage(opcode: number, bytes: Uint8Array): Message {
  if (opcode === opcodes.ping) return { is: "ping", bytes };
  if (opcode === opcodes.pong) return { is: "pong", bytes };
  if (opcode !== opcodes.close) throw new FrameError(1002, `a control frame ${opcode}`);
  if (bytes.length < 2) return { is: "close", code: undefined, reason: "" };
  const code = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
  return { is: "close", code, reason: decoder.decode(bytes.subarray(2)) };
}

/** One message as one masked frame. */
export function encodeMessage(message: Message): Uint8Array {
  switch (message.is) {
    case "text":
      return encodeFrame(opcodes.text, Buffer.from(message.text));
    case "binary":
      return encodeFrame(opcodes.binary, message.bytes);
    case "ping":
      return encodeFrame(opcodes.ping, message.bytes);
    case "pong":
      return encodeFrame(opcodes.pong, message.bytes);
    case "close":
      return encodeFrame(opcodes.close, closePayload(message.code, message.reason));
  }
}

function closePayload(code: number | undefined, reason: string): Uint8Array {
  if (code === undefined) return new Uint8Array(0);
  return Buffer.concat([new Uint8Array([code >> 8, code & 0xff]), Buffer.from(reason)]);
}

function encodeFrame(opcode: number, payload: Uint8Array): Uint8Array {
  const { length } = payload;
  const sizeLength = length < 126 ? 0 : length < 1 << 16 ? 2 : 8;
  const headLength = 2 + sizeLength + 4;
  const frame = new Uint8Array(headLength + length);
  const view = new DataView(frame.buffer);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | (sizeLength === 0 ? length : sizeLength === 2 ? 126 : 127);
  if (sizeLength === 2) view.setUint16(2, length);
  if (sizeLength === 8) view.setBigUint64(2, BigInt(length));
  const mask = crypto.getRandomValues(new Uint8Array(4));
  frame.set(mask, headLength - 4);
  for (let at = 0; at < length; at++)
    frame[headLength + at] = (payload[at] ?? 0) ^ (mask[at & 3] ?? 0);
  return frame;
}
