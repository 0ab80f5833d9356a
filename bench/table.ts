/** Columns aligned, numbers to the right; the first row is the head. Cells are plain text. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  const isNumber = widths.map((_, column) => isNumeric(rows.slice(1).map((row) => row[column])));
  return rows
    .map((row) =>
      widths
        .map((width, column) => {
          const cell = row[column] ?? "";
          return isNumber[column] === true ? cell.padStart(width) : cell.padEnd(width);
        })
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function isNumeric(cells: readonly (string | undefined)[]): boolean {
  return cells.every((cell) => cell === undefined || /^$|^-$|^[<≥≤ ]*-?\d/.test(cell));
}

/** Three digits that count: `0.042`, `1.23`, `45.6`, `1234`; whole numbers as they are. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return "-";
  const size = Math.abs(value);
  if (size >= 100 || Number.isInteger(value)) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  return value.toFixed(size >= 1 ? 2 : 3);
}
