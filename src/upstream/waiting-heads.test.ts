import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";

import { WaitingHeads } from "./waiting-heads.ts";

/** Doubts in seconds since the start: when, and since when nothing was heard. */
let doubts: (readonly [number, number])[];
let heardMs: number;
let waiting: WaitingHeads;

beforeEach(() => {
  jest.useFakeTimers({ now: 0 });
  doubts = [];
  heardMs = 0;
  waiting = new WaitingHeads({
    timing: { patienceMs: 1000, intervalMs: 10_000 },
    now: () => Date.now(),
    heardMs: () => heardMs,
    doubt: (sinceMs) => void doubts.push([Date.now() / 1000, sinceMs / 1000]),
  });
});

afterEach(() => jest.useRealTimers());

function pass(ms: number): void {
  for (let at = 0; at < ms; at += 100) jest.advanceTimersByTime(100);
}

const ignored = { headMs: undefined, giveUp: () => undefined, onSlow: () => undefined };
const wait = () => waiting.add(ignored);

describe("WaitingHeads", () => {
  test("a request is doubted a second after it was sent", () => {
    pass(500);
    wait();
    pass(1000);
    expect(doubts).toEqual([[1.5, 0.5]]);
  });

  test("each has its own second", () => {
    const end = wait();
    pass(400);
    wait();
    end();
    pass(1000);
    expect(doubts).toEqual([[1.4, 0.4]]);
  });

  test("what was heard meanwhile puts it off to a second after that", () => {
    wait();
    pass(700);
    heardMs = 700;
    pass(1200);
    expect(doubts).toEqual([[1.7, 0.7]]);
  });

  test("a slow answer is asked after ever more rarely, while probes are answered", () => {
    const probed = new WaitingHeads({
      timing: { patienceMs: 1000, intervalMs: 10_000 },
      now: () => Date.now(),
      heardMs: () => heardMs,
      doubt: () => {
        heardMs = Date.now();
        doubts.push([heardMs / 1000, 0]);
      },
    });
    probed.add(ignored);
    pass(60_000);
    expect(doubts.map(([at]) => at)).toEqual([1, 2, 4, 8, 16, 26, 36, 46, 56]);
  });

  test("it is called slow once, and what has its head is not looked at", () => {
    const calls: string[] = [];
    waiting.add({
      ...ignored,
      giveUp: () => calls.push("given up"),
      onSlow: () => calls.push("slow"),
    });
    const end = waiting.add({ ...ignored, onSlow: () => calls.push("never") });
    end();
    pass(5000);
    waiting.giveUpAll(new Error("nothing is reachable"));
    expect(calls).toEqual(["slow", "given up"]);
  });

  test("one without a head in its time is given up, once, to the millisecond", () => {
    const late: (readonly [number, string])[] = [];
    const giveUp = (error: Error) => late.push([Date.now() / 1000, error.message]);
    waiting.add({ ...ignored, headMs: 62_000, giveUp });
    waiting.add({ ...ignored, headMs: 300, giveUp });
    const end = waiting.add({ ...ignored, headMs: 400, giveUp });
    pass(300);
    end();
    pass(100_000);
    expect(late).toEqual([
      [0.3, "no response head within 300 ms"],
      [62, "no response head within 62000 ms"],
    ]);
    waiting.giveUpAll(new Error("nothing is reachable"));
    expect(late.length).toBe(2);
  });
});
