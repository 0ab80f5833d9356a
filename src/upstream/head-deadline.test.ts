import { describe, expect, test } from "bun:test";

import { HeadTimeoutError } from "./apiserver-errors.ts";
import { withHeadDeadline } from "./head-deadline.ts";

const never = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });
const { signal } = new AbortController();

/** A deadline whose watcher gives up when told, and knows whether the waiting is over. */
function watched() {
  const calls: ((error: Error) => void)[] = [];
  let isWaiting = true;
  return {
    deadline: {
      signal,
      headMs: 30,
      watchHead: (call: (error: Error) => void) => {
        calls.push(call);
        return () => {
          isWaiting = false;
        };
      },
    },
    giveUp: (error: Error) => calls[0]?.(error),
    isWaiting: () => isWaiting,
  };
}

describe("withHeadDeadline", () => {
  test("gives up without a head in time", async () => {
    const { deadline, isWaiting } = watched();
    const asking = withHeadDeadline(deadline, never);
    expect(isWaiting()).toBe(true);
    expect(asking).rejects.toBeInstanceOf(HeadTimeoutError);
    await asking.catch(() => undefined);
    expect(isWaiting()).toBe(false);
  });

  test("gives up when it is told to", () => {
    const { deadline, giveUp } = watched();
    const asking = withHeadDeadline({ ...deadline, headMs: undefined }, never);
    giveUp(new Error("nothing is reachable"));
    expect(asking).rejects.toThrow("nothing is reachable");
  });

  test("leaves the body alone once the head is there", async () => {
    const { deadline, isWaiting } = watched();
    const given = await withHeadDeadline(deadline, async (inner) => inner);
    await Bun.sleep(40);
    expect([given.aborted, isWaiting()]).toEqual([false, false]);
  });

  test("is the caller's own abort as well", () => {
    const caller = new AbortController();
    const asking = withHeadDeadline({ ...watched().deadline, signal: caller.signal }, never);
    caller.abort(new Error("left"));
    expect(asking).rejects.toThrow("left");
  });
});
