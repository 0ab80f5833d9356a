/**
 * The parameters of a raw query string (without `?`) as Go's net/url reads them: `+` is a space, and a pair with a bad
 * percent escape or a `;` is dropped while the others stay. `get` gives the first value of a key, which is the one that counts.
 */
export function parseQuery(query: string): URLSearchParams {
  const pairs = query.split("&").filter((pair) => !pair.includes(";") && hasGoodEscapes(pair));
  // A leading "&" keeps URLSearchParams from taking a "?" that belongs to the first key.
  return new URLSearchParams(`&${pairs.join("&")}`);
}

/** A percent-encoded path, decoded; undefined where an escape is bad, which an apiserver answers with 400. */
export function decodePath(path: string): string | undefined {
  if (!path.includes("%")) return path;
  if (!hasGoodEscapes(path)) return undefined;
  const value = path.replaceAll("+", "%2B").replaceAll("&", "%26");
  return new URLSearchParams(`path=${value}`).get("path") ?? undefined;
}

function hasGoodEscapes(text: string): boolean {
  return !/%(?![0-9A-Fa-f]{2})/.test(text);
}

/** A request target in its path and its raw query, which is empty where there is none. */
export function splitTarget(target: string): { readonly path: string; readonly query: string } {
  const mark = target.indexOf("?");
  if (mark === -1) return { path: target, query: "" };
  return { path: target.slice(0, mark), query: target.slice(mark + 1) };
}
