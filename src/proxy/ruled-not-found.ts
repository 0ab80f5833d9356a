import type { ResourceRequest } from "../api/request-info.ts";
import { notFound } from "../api/status.ts";
import type { ErrorForm } from "../codec/media-type.ts";
import type { Answer } from "../http/answer.ts";
import { statusResponse } from "./status-response.ts";

/**
 * Upstream's 404 to a request for the object, with the head of another answer about the same object: nothing tells that the
 * object is there.
 */
export function asNotFound(
  { group, resource, name }: ResourceRequest,
  from: Headers,
  { format, isPretty }: ErrorForm,
): Answer {
  const { status } = notFound(group, resource, name);
  const made = statusResponse(status, format, "upstream", isPretty);
  const headers = new Headers(from);
  for (const each of ["content-length", "content-encoding", "vary"]) headers.delete(each);
  // To a HEAD it is all that is told of the body.
  if (made.body instanceof Uint8Array) headers.set("content-length", String(made.body.length));
  headers.set("content-type", made.headers.get("content-type") ?? "");
  return { status: 404, headers, body: made.body };
}
