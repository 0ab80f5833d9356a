import { describe, expect, test } from "bun:test";

import { ConnectTimeoutError, HeadTimeoutError } from "./apiserver-errors.ts";
import { withHeadDeadline } from "./head-deadline.ts";

const never = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });
const { signal } = new AbortController();
const alive = { signal, headMs: 30, connectMs: 5, isConnectable: async () => true };

describe("withHeadDeadline", () => {
  test("gives up without a head in time", () => {
    expect(withHeadDeadline(alive, never)).rejects.toBeInstanceOf(HeadTimeoutError);
  });

  test("gives up earlier where no other connection is to be had", () => {
    const dead = { ...alive, headMs: undefined, isConnectable: async () => false };
    expect(withHeadDeadline(dead, never)).rejects.toBeInstanceOf(ConnectTimeoutError);
  });

  test("leaves the body alone once the head is there", async () => {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const slow = { ...alive, isConnectable: () => promise };
    const given = await withHeadDeadline(slow, async (inner) => {
      await Bun.sleep(15);
      return inner;
    });
    resolve(false);
    await Bun.sleep(30);
    expect(given.aborted).toBe(false);
  });

  test("is the caller's own abort as well", () => {
    const caller = new AbortController();
    const asking = withHeadDeadline({ ...alive, signal: caller.signal }, never);
    caller.abort(new Error("left"));
    expect(asking).rejects.toThrow("left");
  });
});
