import { describe, expect, test } from "bun:test";

import { PendingAnswers } from "./pending-answers.ts";
import type { ReplayAnswer } from "./replay-rows.ts";

function answer(byteLength: number): ReplayAnswer {
  return { head: { headers: {}, vary: [] }, body: new Uint8Array(byteLength), at: 1 };
}

function pendingWith(onDisk: readonly string[] = []): PendingAnswers {
  return new PendingAnswers(10_000, (key) => onDisk.includes(key));
}

/** What is written next: the length of each answer, "gone" for what goes from the disk. */
function nextOf(pending: PendingAnswers): readonly string[] {
  return [...pending.takeSlice()].map(([key, found]) => `${key} ${found?.body.length ?? "gone"}`);
}

describe("PendingAnswers", () => {
  test("holds as much as it may, the last put in", () => {
    const pending = pendingWith();
    for (let at = 0; at < 1000; at++) pending.put(`key ${at}`, answer(1000));
    expect(pending.keys).toEqual([992, 993, 994, 995, 996, 997, 998, 999].map((at) => `key ${at}`));
    expect(pending.get("key 999")?.body.length).toBe(1000);
  });

  test("counts what has no body, and what was taken, put in twice or removed only while it is there", () => {
    const pending = pendingWith();
    for (let at = 0; at < 1000; at++) pending.put(`${at}`, answer(0));
    expect(pending.size).toBeLessThan(80);
    expect(pending.takeSlice().size).toBeGreaterThan(70);
    for (let at = 0; at < 100; at++) {
      pending.put("same", answer(5000));
      pending.put("other", answer(4000));
      pending.remove("other");
    }
    pending.put("a", answer(4000));
    expect(nextOf(pending)).toEqual(["same 5000", "a 4000"]);
  });

  test("what was never written needs no removing", () => {
    const pending = pendingWith(["on disk"]);
    for (const key of ["on disk", "not there"]) {
      pending.put(key, answer(1));
      pending.remove(key);
    }
    expect(nextOf(pending)).toEqual(["on disk gone"]);
  });

  test("what is driven out, or too large, goes from the disk as well", () => {
    const pending = pendingWith(["first", "large"]);
    pending.put("first", answer(6000));
    pending.put("large", answer(20_000));
    pending.put("last", answer(6000));
    expect(pending.has("first")).toBe(true);
    expect(nextOf(pending)).toEqual(["large gone", "last 6000", "first gone"]);
  });

  test("what is on its way to the disk will be there", () => {
    const pending = pendingWith();
    pending.put("a", answer(1000));
    expect(nextOf(pending)).toEqual(["a 1000"]);
    pending.put("a", answer(20_000));
    expect(nextOf(pending)).toEqual(["a gone"]);
    expect(nextOf(pending)).toEqual([]);
  });
});
