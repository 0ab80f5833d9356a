import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";

import type { DiskOutcome } from "./cache/disk.ts";
import { Rewriting } from "./rewriting.ts";

const hourMs = 3_600_000;
let outcome: DiskOutcome<void>;
let rewrites: number;
let nowMs: number;
let rewriting: Rewriting;

beforeEach(() => {
  jest.useFakeTimers();
  outcome = { is: "done", value: undefined };
  rewrites = 0;
  nowMs = 5;
  const rewrite = async () => {
    rewrites++;
    return outcome;
  };
  rewriting = new Rewriting({ rewrite }, () => nowMs);
});
afterEach(() => void jest.useRealTimers());

async function pass(ms: number): Promise<number> {
  nowMs += ms;
  jest.advanceTimersByTime(ms);
  await Promise.resolve();
  await Promise.resolve();
  return rewrites;
}

describe("Rewriting", () => {
  test("comes soon, once for all that is removed meanwhile", async () => {
    rewriting.due();
    rewriting.due();
    expect(await pass(999)).toBe(0);
    expect(await pass(1)).toBe(1);
    expect(await pass(2 * hourMs)).toBe(1);
  });

  test("comes no more often than once an hour", async () => {
    rewriting.due();
    await pass(1000);
    rewriting.due();
    expect(await pass(hourMs - 1)).toBe(1);
    expect(await pass(1)).toBe(2);
  });

  test("is tried again where the disk failed, and not after the end", async () => {
    outcome = { is: "fault", fault: { kind: "full", reason: "a test says so" } };
    rewriting.due();
    expect(await pass(1000)).toBe(1);
    expect(await pass(hourMs)).toBe(2);
    rewriting.stop();
    expect(await pass(hourMs)).toBe(2);
  });
});
