import type { Answer } from "../http/answer.ts";
import { isLongGzip, plainBytes, unpackedStream } from "./gunzip.ts";
import type { Passing } from "./passed-body.ts";
import { SharedBody } from "./shared-body.ts";
import { isBodiless, maxHeldBytes, shortLengthOf } from "./short-body.ts";
import { whileAlive } from "./silence.ts";

/** One that is in memory whole; body and headers as they came. */
export interface Held {
  readonly is: "held";
  readonly status: number;
  readonly headers: Headers;
  readonly body: SharedBody;
}

/** An answer that several callers may share. `streamed` is for the one who is first only: it was too long to hold. */
export type HeldAnswer =
  | Held
  | {
      readonly is: "streamed";
      readonly status: number;
      readonly headers: Headers;
      body: ReadableStream<Uint8Array> | undefined;
    };

/** Reads an answer whole, as far as it may be held; what is longer stays a stream whose beginning is kept. */
export async function hold(response: Response, passing: Passing): Promise<HeldAnswer> {
  const short = await holdShort(response, passing);
  if (short !== undefined) return short;
  if (response.body === null) return await holdWhole(response, passing);
  try {
    return await holdStream(response, response.body, passing);
  } catch (error) {
    throw await passing.explain(error);
  }
}

/** Reads an answer whole whose head says that it is short; undefined for any other, and where too much is held already. */
export async function holdShort(response: Response, passing: Passing): Promise<Held | undefined> {
  const length = shortLengthOf(response);
  if (length === undefined || passing.holding?.take(length) === false) return undefined;
  try {
    return await holdWhole(response, passing);
  } finally {
    passing.holding?.giveBack(length);
  }
}

/** Reads an answer whole, however long it is. Rejects when the body breaks off. */
async function holdWhole(response: Response, passing: Passing): Promise<Held> {
  const { status, headers } = response;
  try {
    const bytes = await whileAlive(response.bytes(), passing.silence);
    // Only their types allow for a SharedArrayBuffer.
    const body = new SharedBody(bytes as Uint8Array<ArrayBuffer>, "as it came");
    return { is: "held", status, headers, body };
  } catch (error) {
    throw await passing.explain(error);
  }
}

async function holdStream(
  { status, headers }: Response,
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  passing: Passing,
): Promise<HeldAnswer> {
  const reader = body.getReader();
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let byteLength = 0;
  const { holding } = passing;
  let taken = 0;
  try {
    while (byteLength <= maxHeldBytes && taken === byteLength) {
      const { done, value } = await whileAlive(reader.read(), passing.silence);
      if (done) {
        const whole = new SharedBody(joined(chunks, byteLength), "as it came");
        return { is: "held", status, headers, body: whole };
      }
      chunks.push(value);
      byteLength += value.length;
      if (holding?.take(value.length) !== false) taken += value.length;
    }
  } finally {
    holding?.giveBack(taken);
  }
  const rest = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const kept = chunks.shift();
        if (kept !== undefined) return controller.enqueue(kept);
        const { done, value } = await whileAlive(reader.read(), passing.silence);
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
  return { is: "streamed", status, headers, body: rest };
}

function joined(
  chunks: readonly Uint8Array<ArrayBuffer>[],
  byteLength: number,
): Uint8Array<ArrayBuffer> {
  const [only] = chunks;
  if (only !== undefined && chunks.length === 1) return only;
  const bytes = new Uint8Array(byteLength);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** For who takes no gzip: it is given without, whenever it is. */
export function unpacking(held: HeldAnswer): HeldAnswer {
  const { status, headers } = held;
  if (headers.get("content-encoding") !== "gzip") return held;
  if (held.is === "held" && !isLongGzip(held.body.bytes))
    return { ...held, body: new SharedBody(held.body.bytes, "without its gzip") };
  const packed = held.is === "held" ? new Blob([held.body.bytes]).stream() : held.body;
  return {
    is: "streamed",
    status,
    headers: withoutEncoding(headers),
    body: packed && unpackedStream(packed),
  };
}

function withoutEncoding(headers: Headers): Headers {
  const plain = new Headers(headers);
  plain.delete("content-encoding");
  plain.delete("content-length");
  return plain;
}

/** What was held, without its gzip. Throws where it is none. */
export function plainBody({ body: { bytes }, headers }: Held): Uint8Array<ArrayBuffer> {
  return plainBytes(bytes, headers.get("content-encoding"));
}

/** The answer for one caller more. */
export function answerHeld({ status, headers, body }: Held): Answer {
  if (isBodiless(status)) return { status, headers, body: null };
  const isUnpacked = body.given === "without its gzip";
  return { status, headers: isUnpacked ? withoutEncoding(headers) : headers, body: body.answer() };
}

/** The answer for one caller; undefined when it was a stream and somebody has taken it. */
export function answerOf(held: HeldAnswer): Answer | undefined {
  if (held.is === "held") return answerHeld(held);
  const { status, headers, body } = held;
  held.body = undefined;
  return body === undefined ? undefined : { status, headers, body };
}
