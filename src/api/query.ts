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

/**
 * The pairs of a raw query string that Go's net/url takes, in their order; each text in the one spelling of all that have its
 * bytes: unreserved characters (RFC 3986 2.3) as they are, all others as escapes in capitals.
 */
export function spelledPairs(query: string): readonly (readonly [key: string, value: string])[] {
  if (query === "") return [];
  return query.split("&").flatMap((pair) => {
    if (pair === "" || pair.includes(";") || !hasGoodEscapes(pair)) return [];
    const end = pair.indexOf("=");
    const [key, value] = end === -1 ? [pair, ""] : [pair.slice(0, end), pair.slice(end + 1)];
    return [[spelled(key.replaceAll("+", "%20")), spelled(value.replaceAll("+", "%20"))] as const];
  });
}

/** A percent-encoded path in the one spelling of all that have its bytes; a slash is a slash, escaped or not. */
export function spelledPath(path: string): string {
  if (/^[-.~\w/]*$/.test(path)) return path;
  return path.replaceAll(/%2f/gi, "/").split("/").map(spelled).join("/");
}

/** A bad escape stays as it is. A target's characters are its bytes, also those above 0x7f. */
function spelled(text: string): string {
  return text.replaceAll(/%[0-9A-Fa-f]{2}|[!-~\x80-\xff]/g, (each) => {
    const code =
      each.length === 1 ? (each.codePointAt(0) ?? 0) : Number.parseInt(each.slice(1), 16);
    const character = String.fromCodePoint(code);
    if (/^[-.~\w]$/.test(character)) return character;
    return each === "%" ? each : `%${code.toString(16).toUpperCase().padStart(2, "0")}`;
  });
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

/** The parameters of a target, path and query. */
export function parametersOf(target: string): URLSearchParams {
  return parseQuery(splitTarget(target).query);
}

/** The target with this value of a parameter, in place of any that it has. */
export function withParameter(target: string, name: string, value: string): string {
  const parameters = parametersOf(target);
  parameters.set(name, value);
  return `${splitTarget(target).path}?${parameters.toString()}`;
}
