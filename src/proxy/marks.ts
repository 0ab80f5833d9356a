import type { LiveScope } from "../cache/watch-caches.ts";
import { isSilent } from "./fresh.ts";
import type { ProxyParts, Source } from "./parts.ts";
import type { RequestHead } from "./request-head.ts";

/** What is said of an answer that upstream has not given now. */
export interface LastKnown {
  readonly source: Extract<Source, "stale" | "replay">;
  /** Milliseconds since upstream was last heard. */
  readonly ageMs: number;
  readonly server: string;
}

/** The answer with its age (RFC 9111 5.1); kubectl is told in words, and prints them. */
export function markLastKnown(answer: Response, head: RequestHead, known: LastKnown): Response {
  const { source, ageMs, server } = known;
  const seconds = Math.max(0, Math.floor(ageMs / 1000));
  answer.headers.set("x-edge-proxy", source);
  answer.headers.set("age", String(seconds));
  if (head.isKubectl) {
    const text = `this is ${seconds} s old: the kube-apiserver ${server} has not answered since`;
    answer.headers.append("warning", `299 - "${text}"`);
  }
  return answer;
}

/** The answer with what upstream says of the type with each of its own. */
export function warnedAnswer({ cache: { warning } }: LiveScope, answer: Response): Response {
  if (warning !== undefined) answer.headers.append("warning", warning);
  return answer;
}

/** The last known state of a scope, as `markLastKnown` has it. */
export function markStale(
  { apiserver }: ProxyParts,
  { reflector }: LiveScope,
  head: RequestHead,
  answer: Response,
): Response {
  const { server } = apiserver;
  return markLastKnown(answer, head, { source: "stale", ageMs: reflector.silentMs, server });
}

/** The answer as it is, or marked where the scope shows its last known state only. */
export function markedAnswer(
  parts: ProxyParts,
  live: LiveScope,
  head: RequestHead,
  answer: Response,
  nowMs?: number,
): Response {
  const isKnownNow = live.reflector.isConfirmed && !isSilent(parts, live, nowMs);
  return isKnownNow ? answer : markStale(parts, live, head, answer);
}
