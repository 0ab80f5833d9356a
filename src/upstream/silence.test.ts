import { describe, expect, test } from "bun:test";

import { whileAlive } from "./silence.ts";

const silence = (isAlive: () => Promise<boolean>) => ({
  limitMs: 5,
  isAlive,
  error: () => new Error("dead"),
});

describe("whileAlive", () => {
  test("waits for as long as the peer lives", async () => {
    let asked = 0;
    const { promise, resolve } = Promise.withResolvers<string>();
    const isAlive = async () => {
      asked += 1;
      if (asked === 3) resolve("done");
      return true;
    };
    expect(await whileAlive(promise, silence(isAlive))).toBe("done");
    expect(asked).toBe(3);
  });

  test("rejects when the peer is silent and dead", async () => {
    const { promise } = Promise.withResolvers<string>();
    expect(
      whileAlive(
        promise,
        silence(async () => false),
      ),
    ).rejects.toThrow("dead");
  });

  test("an answer that comes while the peer is asked for counts", async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const isAlive = () => {
      resolve("late");
      return new Promise<boolean>(() => {});
    };
    expect(await whileAlive(promise, silence(isAlive))).toBe("late");
  });

  test("a failure passes as it is", async () => {
    const failing = Promise.reject(new Error("broken"));
    expect(
      whileAlive(
        failing,
        silence(async () => true),
      ),
    ).rejects.toThrow("broken");
  });

  test("without a limit it only waits", async () => {
    expect(await whileAlive(Promise.resolve(1), undefined)).toBe(1);
  });
});
