import type { Credentials } from "./credentials.ts";
import { type NodeRequest, openNodeRequest, responseOf } from "./node-request.ts";

/** Of the impersonation headers those that may come more than once: their values must stay apart (KEP: user impersonation). */
const repeatable = /^impersonate-(?:group$|extra-)/;

/** Values of headers that came on several lines, by name. */
export type RepeatedHeaders = ReadonlyMap<string, readonly string[]>;

/** The headers of `Name, value, name, value` that came on several lines, which fetch would join; undefined: none. */
export function repeatedIn(lines: readonly string[]): RepeatedHeaders | undefined {
  const values = new Map<string, string[]>();
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const name = lines[at] ?? "";
    if (!repeatable.test(name)) continue;
    values.set(name, [...(values.get(name) ?? []), lines[at + 1] ?? ""]);
  }
  for (const [name, each] of values) if (each.length === 1) values.delete(name);
  return values.size === 0 ? undefined : values;
}

/** The headers as node:http takes them, repeats as lines of their own. */
export function separateHeaders(
  headers: Headers,
  repeated: RepeatedHeaders | undefined,
): Record<string, string | readonly string[]> {
  const separate: Record<string, string | readonly string[]> = {};
  for (const [name, value] of headers) separate[name] = repeated?.get(name) ?? value;
  return separate;
}

interface RepeatedRequest extends Omit<NodeRequest, "headers"> {
  readonly headers: Headers;
  readonly repeated?: RepeatedHeaders | undefined;
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
  const headers = separateHeaders(request.headers, request.repeated);
  if (request.encoding === "decode") delete headers["accept-encoding"];
  const { body } = request;
  // node:http frames a body of a DELETE, GET or OPTIONS only when told to: else its bytes would be the next request to upstream.
  if (body && headers["content-length"] === undefined) headers["transfer-encoding"] = "chunked";
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
