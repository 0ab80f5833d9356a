import { StatusError } from "../api/status.ts";
import { whileAlive } from "./silence.ts";

/** A client that has a body to send sends a byte of it at least this often (CONTRACT 19). */
const silentUploadMs = 30_000;

function silentUpload(limitMs: number): StatusError {
  return new StatusError({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: `Timeout: the request body did not go on for ${limitMs / 1000} s`,
    reason: "Timeout",
    code: 408,
  });
}

/** A caller's body on its way. */
export interface Upload {
  readonly body: ReadableStream<Uint8Array> | null;
  /** Whether any of it was asked for: fetch does so when it has a connection. Without a body nobody knows. */
  readonly hasBegun: () => boolean;
}

/** A caller's body as it comes; it breaks with a 408 Status when the caller falls silent. What upstream cannot take yet is not asked for. */
export function watchedUpload(
  body: ReadableStream<Uint8Array> | null,
  limitMs = silentUploadMs,
): Upload {
  if (body === null) return { body: null, hasBegun: () => true };
  let hasBegun = false;
  const silence = { limitMs, isAlive: async () => false, error: () => silentUpload(limitMs) };
  const reader = body.getReader();
  const watched = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        hasBegun = true;
        const { done, value } = await whileAlive(reader.read(), silence);
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
  return { body: watched, hasBegun: () => hasBegun };
}
