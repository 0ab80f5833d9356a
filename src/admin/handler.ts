import type { Answer } from "../http/answer.ts";
import type { IncomingRequest } from "../http/request.ts";
import { answerHealth, type Check } from "./health.ts";
import type { Metrics } from "./metrics.ts";
import { renderScopes, renderTable, type ScopeRow } from "./status-page.ts";
import { textAnswer } from "./text-answer.ts";

/** What the admin listener shows; server.ts knows where it comes from. */
export interface AdminParts {
  /** Whether a Host is one that the listener may have: a web page can give a name of its own to this address (DNS rebinding). */
  readonly isAcceptedHost: (host: string) => boolean;
  readonly version: Readonly<Record<string, string>>;
  readonly metrics: Metrics;
  /** The process is alive when these hold. */
  readonly livez: readonly Check[];
  /** It should get traffic when these hold. */
  readonly readyz: readonly Check[];
  readonly scopes: () => readonly ScopeRow[];
  /** The head of the status page: a name and a value a line. */
  readonly facts: () => readonly (readonly [string, string])[];
}

const help = "/livez /readyz /healthz /v1/healthz (?verbose)\n/metrics\n/statusz\n/version\n";

/** The admin listener: no path of it reaches upstream or shows an object. */
export function createAdminHandler(parts: AdminParts): (request: IncomingRequest) => Answer {
  return (request) => {
    if (!parts.isAcceptedHost(request.host))
      return textAnswer("this Host is not among --accept-hosts\n", 403, plainText);
    if (request.method !== "GET" && request.method !== "HEAD")
      return textAnswer("only GET and HEAD\n", 405, { ...plainText, allow: "GET, HEAD" });
    const url = new URL(`http://localhost${request.target.replace(/^\/+/, "/")}`);
    switch (url.pathname) {
      case "/livez":
        return answerHealth("livez", parts.livez, url);
      case "/readyz":
        return answerHealth("readyz", parts.readyz, url);
      case "/healthz":
      case "/v1/healthz":
        return answerHealth("healthz", parts.livez, url);
      case "/version":
        return textAnswer(JSON.stringify(parts.version), 200, {
          "content-type": "application/json;charset=utf-8",
        });
      case "/metrics":
        return plain(parts.metrics.render(), "text/plain; version=0.0.4; charset=utf-8");
      case "/statusz":
        return plain(`${renderTable(parts.facts())}\n${renderScopes(parts.scopes())}`);
      case "/":
        return plain(help);
    }
    return textAnswer(`not found; there is\n${help}`, 404, plainText);
  };
}

const plainText = { "content-type": "text/plain; charset=utf-8" } as const;

function plain(body: string, type = plainText["content-type"] as string): Answer {
  return textAnswer(body, 200, { "content-type": type, "cache-control": "no-store" });
}
