/** Text as it may stand in HTML, SVG and their attributes. */
export function escape(text: string): string {
  return Bun.escapeHTML(text);
}
