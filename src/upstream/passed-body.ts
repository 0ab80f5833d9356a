import { StatusError } from "../api/status.ts";
import { codecOf } from "../codec/codecs.ts";
import { earlyByteOf } from "../codec/early-byte.ts";
import { formatOf } from "../codec/media-type.ts";
import type { Answer } from "../http/answer.ts";
import type { Holding } from "./holding.ts";
import { type Silence, whileAlive } from "./silence.ts";

/** How a body is passed. */
export interface Passing {
  readonly silence?: Silence | undefined;
  /** What broke, in words for the client, once it is known whether anything is reachable. Never rejects. */
  readonly explain: (error: unknown) => Promise<unknown>;
  /** Where what is read into memory is counted; undefined: nowhere. */
  readonly holding?: Holding | undefined;
  /** Ends a watch: cleanly, or with an ERROR event where the reason is a StatusError. */
  readonly stopping?: AbortSignal | undefined;
}

/** The body as it comes. One that breaks off breaks off for the client too: a short answer never looks complete. */
export function streamedAnswer(response: Response, passing: Passing): Answer {
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
  return { status, headers, body };
}

/** A watch ends cleanly when upstream's breaks off: the client resumes. */
export function watchAnswer(response: Response, { silence, stopping }: Passing): Answer {
  const { status, headers } = response;
  if (response.body === null) return response;
  headers.delete("content-length");
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const end = () => {
    stopping?.removeEventListener("abort", end);
    void reader.cancel().catch(() => undefined);
  };
  const body = new ReadableStream<Uint8Array>(
    {
      start() {
        stopping?.addEventListener("abort", end);
      },
      async pull(controller) {
        const { done, value } = await whileAlive(reader.read(), silence).catch(() => ended);
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
  const format = formatOf(headers.get("content-type") ?? "");
  return { status, headers, body, early: format && earlyByteOf(format) };
}

function errorEvent(headers: Headers, stopping: AbortSignal | undefined): Uint8Array | undefined {
  const reason: unknown = stopping?.aborted === true ? stopping.reason : undefined;
  const format = formatOf(headers.get("content-type") ?? "");
  return reason instanceof StatusError && format !== undefined
    ? codecOf(format).error(reason.status)
    : undefined;
}

const ended = { done: true, value: undefined } as const;
