import { describe, expect, test } from "bun:test";

import { StatusError } from "../api/status.ts";
import { HeaderBlocks } from "./header-blocks.ts";

describe("HeaderBlocks", () => {
  test("gives equal texts one block, and bad ones none", () => {
    const blocks = new HeaderBlocks();
    const one = blocks.read("Host: a\r\n");
    expect(blocks.read("Host: a\r\n")).toBe(one);
    expect(blocks.read("Host: b\r\n")).not.toBe(one);
    expect(blocks.read("no colon\r\n")).toBeInstanceOf(StatusError);
    expect(blocks.size).toBe(2);
  });

  test("keeps a number of them, and none that is long", () => {
    const blocks = new HeaderBlocks();
    for (let at = 0; at < 10_000; at++) blocks.read(`X-A: ${at}\r\n`);
    expect(blocks.size).toBeLessThanOrEqual(256);
    const before = blocks.size;
    blocks.read(`X-A: ${"a".repeat(3000)}\r\n`);
    expect(blocks.size).toBe(before);
  });
});
