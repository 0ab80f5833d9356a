/** A value of a page or a label has at most so many characters. */
const maxLength = 256;

/**
 * A caller's text as a value on a page: on one line, without control characters, and no longer than anybody reads. What is cut
 * off ends in a hash of the whole, so that two such values stay two.
 */
export function printable(text: string): string {
  const shown = text.length <= maxLength ? text : `${text.slice(0, maxLength)}…${hashOf(text)}`;
  return shown.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escaped);
}

function hashOf(text: string): string {
  return Bun.hash.xxHash32(text).toString(16).padStart(8, "0");
}

function escaped(character: string): string {
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`;
}
