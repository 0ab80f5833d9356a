// What fetch of Bun 1.4.5 changes without a word, so that it is not used for it (CONTRACT 34).
import { METHODS } from "node:http";

import { refusedRequest, type StatusError } from "../api/status.ts";

/** The methods that fetch of Bun 1.4.5 sends as they are. It sends any other one as a GET, `delete` as DELETE. */
const sent: ReadonlySet<string> = new Set(METHODS);

/** 501 for a method that fetch would send as another one; undefined for a method that it sends unchanged (CONTRACT 34). */
export function refusedMethod(method: string): StatusError | undefined {
  return sent.has(method)
    ? undefined
    : refusedRequest(501, `edge-proxy sends no requests of the method ${method} upstream`);
}

/** Of more headers fetch sends the first 249, and says nothing (m). */
const maxHeaders = 200;

/** Of other targets fetch would encode a part, or drop a slash (WHATWG URL, 4.4). */
const sentTarget = /^\/(?!\/)[A-Za-z0-9._~!$&()*+,;=:@%/?-]*$/;

/** Whether fetch sends the target and all of the headers unchanged. */
export function isSentByFetch(target: string, headers: Headers): boolean {
  return headers.count <= maxHeaders && sentTarget.test(target);
}
