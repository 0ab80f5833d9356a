import { decodePath, splitTarget } from "../api/query.ts";

/** Whether a request's URL has the path that was sent: in Bun's, `.` and `..` are resolved and `\\` is `/` (BUN.md 5h). */
export type PathReading = "as sent" | "rewritten";

/** How much of a path a pattern of Bun.serve sees: all of its segments, or the first ones. */
type Sees = "all" | "beginning";

/** A resource's path has eight: what lies further back cannot name another object. */
const seenSegments = 16;

/** What a path may end in; an apiserver serves it as if it ended without. */
const ends = ["", "/", "//", "///"] as const;

/** What writes: a read of another path than was sent changes nothing, and a route costs each request 6 to 15 µs (m). */
const methods = ["POST", "PUT", "PATCH", "DELETE"] as const;

type Handler = (request: Bun.BunRequest) => Response | Promise<Response>;
type Routes = Record<string, Partial<Record<(typeof methods)[number], Handler>>>;
type Answer = (request: Request, path: PathReading) => Response | Promise<Response>;

/**
 * Routes for every path that is written to, whose handler is told how the path was read: only they know the segments as they
 * were sent. Behind the 16th segment, and behind an empty one that others follow (an apiserver serves nothing there), `.` and `..` are
 * seen only where they climb out of it.
 */
export function rawPathRoutes(answer: Answer): Routes {
  const routes: Routes = {};
  const add = (pattern: string, sees: Sees) => {
    const handler: Handler = (request) =>
      answer(request, readPath(request.url, request.params, sees));
    routes[pattern] = Object.fromEntries(methods.map((method) => [method, handler]));
  };
  let pattern = "";
  for (let count = 0; count <= seenSegments; count++) {
    if (count > 0) pattern += `/:p${count}`;
    for (const end of ends) if (pattern + end !== "") add(pattern + end, "all");
    add(`${pattern}/*`, "beginning");
  }
  return routes;
}

/** Of a request whose segments nobody has seen: a `#` is refused, no target has one (RFC 9112 3.2). */
export function readUnseenPath(url: string): PathReading {
  return url.includes("#") ? "rewritten" : "as sent";
}

/** `segments` are those that a pattern has seen, decoded once. */
function readPath(
  url: string,
  segments: Readonly<Record<string, string>>,
  sees: Sees,
): PathReading {
  if (readUnseenPath(url) === "rewritten") return "rewritten";
  let backslashes = 0;
  for (const name in segments) {
    const segment = segments[name] ?? "";
    if (segment === "." || segment === "..") return "rewritten";
    if (segment.includes("\\")) backslashes += segment.split("\\").length - 1;
  }
  // Without a usable Host the URL is the target as it was sent, and fetch would rewrite it.
  const isTarget = url.startsWith("/");
  if (backslashes === 0 && sees === "all" && !isTarget) return "as sent";
  const { path } = splitTarget(targetOf(url));
  if (isTarget && hasDots(path)) return "rewritten";
  if (sees === "beginning") return leadsTo(path, Object.values(segments));
  return backslashes === path.split(/%5c/i).length - 1 ? "as sent" : "rewritten";
}

function hasDots(path: string): boolean {
  return /\\|\/(?:\.|%2e){1,2}(?:\/|$)/i.test(path);
}

/** Whether the path begins with these segments and goes on as the pattern has found it to. */
function leadsTo(path: string, seen: readonly string[]): PathReading {
  const segments = path.slice(1).split("/");
  const rest = segments.slice(seen.length);
  const goesOn =
    seen.length === seenSegments
      ? rest.length > 0
      : rest[0] === "" && rest.some((segment) => segment !== "");
  return goesOn && seen.every((each, at) => isSame(each, segments[at] ?? ""))
    ? "as sent"
    : "rewritten";
}

/** What is not UTF-8, or a bad escape, decoders replace in different ways: upstream judges it. */
function isSame(decoded: string, encoded: string): boolean {
  return decoded === encoded || decoded.includes("\uFFFD") || decoded === decodePath(encoded);
}

/** Path and query as they came; `req.url` of a request without a usable Host is a path already (BUN.md 5h). */
export function targetOf(url: string): string {
  const start = url.startsWith("/") ? 0 : url.indexOf("/", 8);
  const end = url.indexOf("#");
  return end === -1 ? url.slice(start) : url.slice(start, end);
}
