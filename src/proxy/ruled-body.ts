import { refusedRequest } from "../api/status.ts";
import type { PassingResource } from "./ruled-object.ts";

/** A body that is looked into is in memory; an apiserver takes 3 MiB (apiserver, server/config.go MaxRequestBodyBytes). */
const maxBodyBytes = 8 << 20;

/** The request's body; it is read here, so the request goes on with `withBody`. Rejects with 413. */
export async function readBody({ request }: PassingResource): Promise<Uint8Array<ArrayBuffer>> {
  const body = await request.readBody(maxBodyBytes);
  if (body === undefined)
    throw refusedRequest(413, `Request entity too large: limit is ${maxBodyBytes}`);
  return body;
}

/** The same with a body in memory, to be sent once. */
export function withBody(passing: PassingResource, body: Uint8Array<ArrayBuffer>): PassingResource {
  return { ...passing, request: passing.request.withBody(body) };
}
