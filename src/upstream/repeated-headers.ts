import type { Credentials } from "./credentials.ts";
import { type NodeRequest, openNodeRequest, responseOf } from "./node-request.ts";

/** Of the impersonation headers those that may come more than once; a user's or uid's `, ` is its own (KEP: user impersonation). */
const repeatable = /^impersonate-(?:group$|extra-)/;

/** Whether headers were sent more than once whose values must stay apart: Bun has joined them by `, ` (BUN.md 5b). */
export function hasRepeats(headers: Headers): boolean {
  for (const name of headers.keys())
    if (repeatable.test(name) && headers.get(name)?.includes(", ")) return true;
  return false;
}

/** The headers as node:http takes them, repeats as lines of their own. */
export function separateHeaders(headers: Headers): Record<string, string | string[]> {
  const separate: Record<string, string | string[]> = {};
  for (const [name, value] of headers)
    separate[name] = repeatable.test(name) && value.includes(", ") ? value.split(", ") : value;
  return separate;
}

interface RepeatedRequest extends Omit<NodeRequest, "headers"> {
  readonly headers: Headers;
  readonly body?: ReadableStream<Uint8Array> | null;
  readonly encoding: "keep" | "decode";
}

/**
 * Sends a request whose headers are repeated, once, the body streamed. The answer is not decoded: with `decode` none is
 * asked for that would have to be. Rejects with what failed before the response head.
 */
export async function sendRepeated(
  credentials: Credentials,
  request: RepeatedRequest,
): Promise<Response> {
  const headers = separateHeaders(request.headers);
  if (request.encoding === "decode") delete headers["accept-encoding"];
  const { body } = request;
  const opened = await openNodeRequest(credentials, { ...request, headers });
  return await new Promise((resolve, reject) => {
    opened.on("error", reject);
    opened.on("response", (message) => resolve(responseOf(message, request.method)));
    if (!body) opened.end();
    else void write(opened, body).catch((error: unknown) => opened.destroy(asError(error)));
  });
}

type Sink = Awaited<ReturnType<typeof openNodeRequest>>;

async function write(sink: Sink, body: ReadableStream<Uint8Array>): Promise<void> {
  for await (const chunk of body) {
    if (sink.destroyed) return;
    if (sink.write(chunk)) continue;
    await new Promise<void>((resolve) => {
      sink.once("drain", resolve);
      sink.once("close", resolve);
    });
  }
  sink.end();
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
