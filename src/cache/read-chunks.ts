/** Work in one go; after it other requests have their turn. */
const turnMs = 8;

/**
 * The chunks of a body as they arrive, with a pause for the event loop wherever reading has gone on for too long.
 * Ending the loop, or `return`, cancels the body.
 */
export async function* readChunks(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = body.getReader();
  let turnBegan = performance.now();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
      if (performance.now() - turnBegan > turnMs) {
        await new Promise((resolve) => setImmediate(resolve));
        turnBegan = performance.now();
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
