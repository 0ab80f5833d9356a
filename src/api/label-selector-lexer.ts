/** A word or a symbol of a labelSelector; the end of the text is a token of its own, with an empty literal. */
export interface Token {
  readonly kind: "identifier" | "symbol" | "end";
  readonly literal: string;
}

const isSpace = (char: string): boolean => /^[ \t\r\n]$/.test(char);
const isSymbol = (char: string): boolean => /^[=!(),<>]$/.test(char);

/**
 * Cuts a labelSelector as apimachinery's labels.Lexer does: symbols are `= == != ! ( ) , < >`, everything else up to a space
 * or symbol is a word. A NUL ends a word, and the text where a token would start. The last token is always the end.
 */
export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length && text.charAt(at) !== "\0") {
    const char = text.charAt(at);
    if (isSpace(char)) {
      at++;
    } else if (isSymbol(char)) {
      const literal = symbolAt(text, at);
      tokens.push({ kind: "symbol", literal });
      at += literal.length;
      if (text.charAt(at) === "\0") at++;
    } else {
      const start = at;
      while (isWordChar(text, at)) at++;
      tokens.push({ kind: "identifier", literal: text.slice(start, at) });
      if (text.charAt(at) === "\0") at++;
    }
  }
  tokens.push({ kind: "end", literal: "" });
  return tokens;
}

function isWordChar(text: string, at: number): boolean {
  const char = text.charAt(at);
  return char !== "" && char !== "\0" && !isSpace(char) && !isSymbol(char);
}

function symbolAt(text: string, at: number): string {
  const two = text.slice(at, at + 2);
  return two === "==" || two === "!=" ? two : text.charAt(at);
}
