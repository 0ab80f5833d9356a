import type { Answer } from "../http/answer.ts";

/** A short text as an answer. */
export function textAnswer(
  text: string,
  status: number,
  headers: Readonly<Record<string, string>>,
): Answer {
  return {
    status,
    headers: new Headers({ "x-content-type-options": "nosniff", ...headers }),
    body: new TextEncoder().encode(text),
  };
}
