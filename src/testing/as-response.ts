import { type Answer, isPushBody, isStream, LentBytes, SharedBytes } from "../http/answer.ts";

/** An answer as a Response, for tests that read its body. One that writes itself has no such form. */
export function asResponse({ status, headers, body }: Answer): Response {
  if (isPushBody(body)) throw new Error("the body writes itself");
  return new Response(initOf(body), { status, headers });
}

function initOf(body: Exclude<Answer["body"], { begin: unknown }>): Bun.BodyInit | null {
  if (body === null || isStream(body)) return body;
  if (body instanceof SharedBytes) return body.bytes;
  if (body instanceof LentBytes) return body.bytes as Uint8Array<ArrayBuffer>;
  return Buffer.concat(body instanceof Uint8Array ? [body] : [...body]);
}
