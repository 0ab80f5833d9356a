const short: Readonly<Record<string, string>> = {
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  '"': '\\"',
  "\\": "\\\\",
};

const printable = /[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u;

/** The text as Go's `%q` writes it: upstream's error messages quote what a client sent this way. */
export function goQuote(text: string): string {
  return `"${Array.from(text, escapeRune).join("")}"`;
}

function escapeRune(rune: string): string {
  const escaped = short[rune];
  if (escaped !== undefined) return escaped;
  if (printable.test(rune)) return rune;
  const code = rune.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code < 0x80) return `\\x${hex.padStart(2, "0")}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}
