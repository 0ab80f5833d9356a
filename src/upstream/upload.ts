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

/** A caller's body as it comes; it breaks with a 408 Status when the caller falls silent. What upstream cannot take yet is not asked for. */
export function watchedUpload(
  body: ReadableStream<Uint8Array> | null,
  limitMs = silentUploadMs,
): ReadableStream<Uint8Array> | null {
  if (body === null) return null;
  const silence = { limitMs, isAlive: async () => false, error: () => silentUpload(limitMs) };
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await whileAlive(reader.read(), silence);
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
