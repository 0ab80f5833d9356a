import { StatusError } from "../api/status.ts";
import { codecOf } from "../codec/codecs.ts";
import { formatOf } from "../codec/media-type.ts";
import { type Silence, whileAlive } from "./silence.ts";

/** How a body is passed. */
export interface Passing {
  readonly silence?: Silence | undefined;
  /** What broke, in words for the client, once it is known whether anything is reachable. Never rejects. */
  readonly explain: (error: unknown) => Promise<unknown>;
  /** Ends a watch: cleanly, or with an ERROR event where the reason is a StatusError. */
  readonly stopping?: AbortSignal | undefined;
}

/**
 * The body as a stream of our own: one that Bun passes by itself prints to stderr when upstream dies. A body that breaks
 * off breaks off for the client too: a short answer never looks whole.
 */
export function streamedResponse(response: Response, passing: Passing): Response {
  const { status, headers } = response;
  if (response.body === null) return response;
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await whileAlive(reader.read(), passing.silence);
          if (done) controller.close();
          else controller.enqueue(value);
        } catch (error) {
          void reader.cancel().catch(() => undefined);
          throw await passing.explain(error);
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { status, headers });
}

/** Milliseconds until a JSON watch without events gets its head by a space (CONTRACT 13). */
export const headPaddingMs = 50;
/** The space: it becomes the start of the first line. */
export const headPadding = new Uint8Array([0x20]);

/** A watch ends cleanly when upstream's breaks off: the client resumes. Its head is sent although nothing has happened yet. */
export function watchResponse(response: Response, { silence, stopping }: Passing): Response {
  const { status, headers } = response;
  if (response.body === null) return response;
  headers.delete("content-length");
  const isPadded = headers.get("content-type")?.startsWith("application/json") ?? false;
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  let head: ReturnType<typeof setTimeout> | undefined;
  const end = () => {
    clearTimeout(head);
    stopping?.removeEventListener("abort", end);
    void reader.cancel().catch(() => undefined);
  };
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        stopping?.addEventListener("abort", end);
        if (isPadded) head = setTimeout(() => controller.enqueue(headPadding), headPaddingMs);
      },
      async pull(controller) {
        const { done, value } = await whileAlive(reader.read(), silence).catch(() => ended);
        clearTimeout(head);
        if (!done) return controller.enqueue(value);
        const lastWords = errorEvent(headers, stopping);
        if (lastWords !== undefined) controller.enqueue(lastWords);
        end();
        controller.close();
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { status, headers });
}

function errorEvent(headers: Headers, stopping: AbortSignal | undefined): Uint8Array | undefined {
  const reason: unknown = stopping?.aborted === true ? stopping.reason : undefined;
  const format = formatOf(headers.get("content-type") ?? "");
  return reason instanceof StatusError && format !== undefined
    ? codecOf(format).error(reason.status)
    : undefined;
}

const ended = { done: true, value: undefined } as const;
