/** An answer that several callers may share. `streamed` is for the one who is first only: it was too long to hold. */
export type HeldAnswer =
  | { readonly is: "held"; readonly status: number; readonly headers: Headers; readonly body: Blob }
  | {
      readonly is: "streamed";
      readonly status: number;
      readonly headers: Headers;
      body: ReadableStream<Uint8Array> | undefined;
    };

/** Bodies past this are not held (CONTRACT 9). */
const maxHeldBytes = 8 << 20;

/** Reads an answer whole, as far as it may be held; what is longer stays a stream whose beginning is kept. */
export async function hold(response: Response): Promise<HeldAnswer> {
  const { status, headers } = response;
  if (response.body === null) return { is: "held", status, headers, body: new Blob([]) };
  const reader = response.body.getReader();
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let byteLength = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return { is: "held", status, headers, body: new Blob(chunks) };
    chunks.push(value);
    byteLength += value.length;
    if (byteLength > maxHeldBytes) break;
  }
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const kept = chunks.shift();
        if (kept !== undefined) return controller.enqueue(kept);
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
  return { is: "streamed", status, headers, body };
}

/** The answer for one caller; undefined when it was a stream and somebody has taken it. */
export function answerOf(held: HeldAnswer): Response | undefined {
  const { status } = held;
  const headers = new Headers(held.headers);
  if (held.is === "held") {
    const isBodiless = status === 204 || status === 304;
    return new Response(isBodiless ? null : held.body, { status, headers });
  }
  const { body } = held;
  held.body = undefined;
  return body === undefined ? undefined : new Response(body, { status, headers });
}
