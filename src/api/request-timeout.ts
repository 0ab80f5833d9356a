import { parseGoDuration } from "./go-duration.ts";

/** The time that a request gives an apiserver to answer. */
export type RequestTimeout =
  | { readonly is: "default" }
  | { readonly is: "given"; readonly ns: bigint }
  | { readonly is: "malformed" };

/**
 * Reads the query key `timeout`. Zero and negative durations mean the server's default, as an absent or empty one does; an
 * apiserver answers a malformed one with a 400. A watch, a followed log and other long requests ignore the key, malformed or
 * not (m, 1.33 and 1.37; apiserver, endpoints/filters/request_deadline.go).
 */
export function readRequestTimeout(query: URLSearchParams): RequestTimeout {
  const text = query.get("timeout") ?? "";
  if (text === "") return { is: "default" };
  const ns = parseGoDuration(text);
  if (ns === undefined) return { is: "malformed" };
  return ns > 0n ? { is: "given", ns } : { is: "default" };
}
