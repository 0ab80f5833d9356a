/** A comma between two terms of a selector, which a value writes as `\,` (apimachinery, fields/selector.go splitTerms). */
const comma = /(?<!%5C|\\)(?:%2C|,)/i;

/**
 * One text for queries that ask the same: keys in order, and a field selector's terms in order, since client-go writes those
 * in the random order of a Go map (fields.SelectorFromSet, as `kubectl describe` does for Events). Values stay as they came.
 */
export function canonicalQuery(query: string): string {
  return query
    .split("&")
    .map((part) => (part.startsWith("fieldSelector=") ? inOrder(part) : part))
    .toSorted()
    .join("&");
}

function inOrder(part: string): string {
  const value = part.indexOf("=") + 1;
  return part.slice(0, value) + part.slice(value).split(comma).toSorted().join("%2C");
}
