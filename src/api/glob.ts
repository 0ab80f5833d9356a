/**
 * A test of whole texts by a pattern in which `*` stands for any run of characters. It takes time in proportion to the text,
 * however many `*` there are: each part between two of them is looked for once, after the one before it.
 */
export function parseGlob(pattern: string): (text: string) => boolean {
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return (text) => text === pattern;
  const inner = rest.filter((part) => part !== "");
  return (text) => {
    const end = text.length - last.length;
    if (first.length > end || !text.startsWith(first) || !text.endsWith(last)) return false;
    let at = first.length;
    for (const part of inner) {
      const found = text.indexOf(part, at);
      if (found === -1) return false;
      at = found + part.length;
    }
    return at <= end;
  };
}
