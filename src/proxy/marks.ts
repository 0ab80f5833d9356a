import type { LiveScope } from "../cache/watch-caches.ts";
import { type Answer, withHeaders } from "../http/answer.ts";
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
export function markLastKnown(answer: Answer, head: RequestHead, known: LastKnown): Answer {
  const { source, ageMs, server } = known;
  const seconds = Math.max(0, Math.floor(ageMs / 1000));
  const headers = new Headers(answer.headers);
  headers.set("x-edge-proxy", source);
  headers.set("age", String(seconds));
  if (head.isKubectl) {
    const text = `this is ${seconds} s old: the kube-apiserver ${server} has not answered since`;
    headers.append("warning", `299 - "${text}"`);
  }
  return withHeaders(answer, headers);
}

/** The answer with what upstream says of the type with each of its own. */
export function warnedAnswer({ cache: { warning } }: LiveScope, answer: Answer): Answer {
  if (warning === undefined) return answer;
  const headers = new Headers(answer.headers);
  headers.append("warning", warning);
  return withHeaders(answer, headers);
}

/** The last known state of a scope, as `markLastKnown` has it. */
export function markStale(
  { apiserver }: ProxyParts,
  { reflector }: LiveScope,
  head: RequestHead,
  answer: Answer,
): Answer {
  const { server } = apiserver;
  return markLastKnown(answer, head, { source: "stale", ageMs: reflector.silentMs, server });
}

/** The answer as it is, or marked where the scope shows its last known state only. */
export function markedAnswer(
  parts: ProxyParts,
  live: LiveScope,
  head: RequestHead,
  answer: Answer,
  nowMs?: number,
): Answer {
  const isKnownNow = live.reflector.isConfirmed && !isSilent(parts, live, nowMs);
  return isKnownNow ? answer : markStale(parts, live, head, answer);
}
