import { parseGoDuration } from "./go-duration.ts";

/** The time that a request gives an apiserver to answer; `short`: so little that the answer may be a 504. */
export type RequestTimeout =
  | { readonly is: "default" }
  | { readonly is: "given"; readonly ns: bigint }
  | { readonly is: "short"; readonly ns: bigint }
  | { readonly is: "malformed" };

/** A small LIST takes an apiserver 1 to 3 ms: with a timeout of 1 ms it is a 504 in 19 of 20 cases, with 2 ms in 2 of 20 (m). */
const shortNs = 10_000_000n;

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
  if (ns <= 0n) return { is: "default" };
  return { is: ns < shortNs ? "short" : "given", ns };
}
