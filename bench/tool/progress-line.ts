/** Where a run stands, for people who wait, on standard error. */
export interface ProgressLine {
  /** What it does, which may change often. */
  tell(text: string): void;
  /** A line that stays. */
  say(text: string): void;
  end(): void;
}

const terminalMs = 100;
const plainMs = 5000;

/** On a terminal one line that changes; elsewhere a line every five seconds. */
export function createProgressLine(
  stream: Pick<NodeJS.WriteStream, "isTTY" | "columns" | "write"> = process.stderr,
): ProgressLine {
  const isTerminal = stream.isTTY;
  let last = Number.NEGATIVE_INFINITY;
  const clear = isTerminal ? "\r\u001B[K" : "";
  return {
    tell: (text) => {
      const now = performance.now();
      if (now - last < (isTerminal ? terminalMs : plainMs)) return;
      last = now;
      stream.write(isTerminal ? `${clear}${cut(text, stream.columns)}` : `${text}\n`);
    },
    say: (text) => {
      stream.write(`${clear}${text}\n`);
    },
    end: () => {
      stream.write(clear);
    },
  };
}

/** To one line of the terminal, which says 0 where it does not know its width. */
function cut(text: string, columns: number): string {
  return columns > 0 ? text.slice(0, columns - 1) : text;
}
