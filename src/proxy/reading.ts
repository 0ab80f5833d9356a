import type { ReadRequest } from "./read-request.ts";
import type { RequestHead } from "./request-head.ts";

/** A read on its way to a scope. */
export interface Reading {
  readonly read: ReadRequest;
  readonly head: RequestHead;
}
