import { escape } from "./escape.ts";
import { chartStyle, pageStyle } from "./style.ts";

/** A page with its parts in order. */
export interface Page {
  readonly title: string;
  readonly verdict: { readonly is: "good" | "bad" | "none"; readonly text: string };
  /** What a reader must know first, a line each. */
  readonly about: readonly string[];
  readonly sections: readonly Section[];
}

export interface Section {
  readonly title: string;
  readonly parts: readonly Part[];
}

export type Part =
  | { readonly kind: "table"; readonly rows: readonly (readonly string[])[] }
  | { readonly kind: "lines"; readonly lines: readonly string[] }
  /** SVGs, side by side where there is room. */
  | { readonly kind: "charts"; readonly title: string; readonly charts: readonly string[] };

/** One HTML file that needs no other: style and pictures are in it, and there is no script. */
export function formatPage({ title, verdict, about, sections }: Page): string {
  const parts = [
    `<h1>${escape(title)}</h1>`,
    `<p class="${verdict.is}">${escape(verdict.text)}</p>`,
    ...about.map((line) => `<p>${escape(line)}</p>`),
    ...sections.filter((section) => section.parts.some(isFilled)).map(formatSection),
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escape(title)}</title><style>${pageStyle}${chartStyle}</style></head>
<body>
${parts.join("\n")}
</body></html>
`;
}

function formatSection({ title, parts }: Section): string {
  return [`<h2>${escape(title)}</h2>`, ...parts.filter(isFilled).map(formatPart)].join("\n");
}

function isFilled(part: Part): boolean {
  switch (part.kind) {
    case "table":
      return part.rows.length > 1;
    case "lines":
      return part.lines.length > 0;
    case "charts":
      return part.charts.some((chart) => chart !== "");
  }
}

function formatPart(part: Part): string {
  switch (part.kind) {
    case "table":
      return formatTable(part.rows);
    case "lines":
      return `<ul>${part.lines.map((line) => `<li>${escape(line)}</li>`).join("")}</ul>`;
    case "charts":
      return `<h3>${escape(part.title)}</h3>\n<div>${part.charts.join(" ")}</div>`;
  }
}

function formatTable(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  const isNumber = head.map((_, at) => body.every((row) => /^(-|[\d.]+|)$/.test(row[at] ?? "")));
  const cells = (row: readonly string[], tag: "th" | "td") =>
    row
      .map((cell, at) => {
        const look = lookOf(cell, isNumber[at] === true);
        return `<${tag}${look === "" ? "" : ` class="${look}"`}>${escape(cell)}</${tag}>`;
      })
      .join("");
  const lines = body.map((row) => `<tr>${cells(row, "td")}</tr>`);
  return `<div class="wide"><table><thead><tr>${cells(head, "th")}</tr></thead><tbody>${lines.join("\n")}</tbody></table></div>`;
}

function lookOf(cell: string, isNumber: boolean): string {
  if (cell === "ok") return "good";
  if (cell === "FAILED" || cell === "MISSED") return "bad";
  return isNumber ? "number" : "";
}
