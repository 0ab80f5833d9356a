import type { Answer } from "../http/answer.ts";
import { textAnswer } from "./text-answer.ts";

/** One thing that must hold. */
export interface Check {
  readonly name: string;
  /** Undefined when it holds, else what is wrong, in a few words. */
  readonly failure: () => string | undefined;
}

/**
 * Answers a health path as an apiserver does: `ok`, or with `?verbose` a line per check; 500 with all lines when one fails
 * (apiserver, pkg/server/healthz).
 */
export function answerHealth(name: string, checks: readonly Check[], url: URL): Answer {
  const excluded = new Set(url.searchParams.getAll("exclude"));
  const results = checks.map((check) => ({
    name: check.name,
    failure: excluded.has(check.name) ? undefined : check.failure(),
    isExcluded: excluded.has(check.name),
  }));
  const isHealthy = results.every(({ failure }) => failure === undefined);
  if (isHealthy && !url.searchParams.has("verbose")) return text("ok", 200);
  const lines = results.map((result) => {
    if (result.isExcluded) return `[+]${result.name} excluded: ok`;
    return result.failure === undefined
      ? `[+]${result.name} ok`
      : `[-]${result.name} failed: ${result.failure}`;
  });
  const verdict = isHealthy ? `${name} check passed` : `${name} check failed`;
  return text(`${[...lines, verdict].join("\n")}\n`, isHealthy ? 200 : 500);
}

function text(body: string, status: number): Answer {
  return textAnswer(body, status, { "content-type": "text/plain; charset=utf-8" });
}
