import { describe, expect, test } from "bun:test";

import { SharedBytes } from "../http/answer.ts";
import { Bodies } from "./bodies.ts";

describe("Bodies", () => {
  test("keys count as bodies do: the least recently used go", () => {
    const bodies = new Bodies(1000);
    const body = new SharedBytes(10);
    const keys = ["a", "b", "c"].map((name) => name.repeat(400));
    for (const key of keys) bodies.set(key, 1, body);
    expect(keys.map((key) => bodies.get(key, 1) === body)).toEqual([false, true, true]);
    expect(bodies.byteLength).toBe(820);
    bodies.removeAll("b");
    bodies.set("x".repeat(1000), 1, body);
    expect(bodies.byteLength).toBe(410);
  });
});
