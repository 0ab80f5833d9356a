import { type Answer, bytesInMemory, isStream } from "../http/answer.ts";

/** An answer as a Response, for tests that read its body. One that writes itself has no such form. */
export function asResponse({ status, headers, body }: Answer): Response {
  if (body === null || isStream(body)) return new Response(body, { status, headers });
  const bytes = bytesInMemory(body);
  if (bytes === undefined) throw new Error("the body writes itself");
  return new Response(bytes as Uint8Array<ArrayBuffer>, { status, headers });
}
