import { answerHealth, type Check } from "./health.ts";
import type { Metrics } from "./metrics.ts";
import { renderScopes, renderTable, type ScopeRow } from "./status-page.ts";

/** What the admin listener shows; server.ts knows where it comes from. */
export interface AdminParts {
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
export function createAdminHandler(parts: AdminParts): (request: Request) => Response {
  return (request) => {
    const url = new URL(request.url, "http://localhost");
    if (request.method !== "GET" && request.method !== "HEAD")
      return new Response("only GET and HEAD\n", { status: 405, headers: { allow: "GET, HEAD" } });
    switch (url.pathname) {
      case "/livez":
        return answerHealth("livez", parts.livez, url);
      case "/readyz":
        return answerHealth("readyz", parts.readyz, url);
      case "/healthz":
      case "/v1/healthz":
        return answerHealth("healthz", parts.livez, url);
      case "/version":
        return Response.json(parts.version);
      case "/metrics":
        return plain(parts.metrics.render(), "text/plain; version=0.0.4; charset=utf-8");
      case "/statusz":
        return plain(`${renderTable(parts.facts())}\n${renderScopes(parts.scopes())}`);
      case "/":
        return plain(help);
    }
    return new Response(`not found; there is\n${help}`, { status: 404 });
  };
}

function plain(body: string, type = "text/plain; charset=utf-8"): Response {
  return new Response(body, { headers: { "content-type": type, "cache-control": "no-store" } });
}
