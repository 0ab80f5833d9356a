import { describe, expect, test } from "bun:test";

import { createProgressLine } from "./progress-line.ts";

function stream(isTTY: boolean, columns: number) {
  const written: string[] = [];
  return { written, isTTY, columns, write: (text: string) => written.push(text) > 0 };
}

describe("createProgressLine", () => {
  test("changes one line of a terminal, cut to its width", () => {
    const terminal = stream(true, 6);
    const line = createProgressLine(terminal);
    line.tell("123456789");
    line.say("done");
    expect(terminal.written).toEqual(["\r\u001B[K12345", "\r\u001B[Kdone\n"]);
  });

  test("is not cut where the width is not known", () => {
    const terminal = stream(true, 0);
    createProgressLine(terminal).tell("123456789");
    expect(terminal.written).toEqual(["\r\u001B[K123456789"]);
  });

  test("writes whole lines elsewhere, and not each of what comes at once", () => {
    const file = stream(false, 0);
    const line = createProgressLine(file);
    line.tell("one");
    line.tell("two");
    line.end();
    expect(file.written.join("")).toBe("one\n");
  });
});
