import { METHODS } from "node:http";

import { refusedRequest, type StatusError } from "../api/status.ts";

/** The methods that fetch of Bun 1.4.5 sends as they are. It sends any other one as a GET, `delete` as DELETE. */
const sent: ReadonlySet<string> = new Set(METHODS);

/** The error of a method that upstream would see as another one (CONTRACT 34: what is sent is what was looked at); undefined: it is sent as it is. */
export function refusedMethod(method: string): StatusError | undefined {
  return sent.has(method)
    ? undefined
    : refusedRequest(501, `edge-proxy sends no requests of the method ${method} upstream`);
}
