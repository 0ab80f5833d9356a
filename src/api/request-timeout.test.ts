import { describe, expect, test } from "bun:test";

import { parseQuery } from "./query.ts";
import { readRequestTimeout } from "./request-timeout.ts";

describe("readRequestTimeout", () => {
  test.each([
    ["", "default"],
    ["timeout=", "default"],
    ["timeout=0", "default"],
    ["timeout=0s", "default"],
    ["timeout=0.5ns", "default"],
    ["timeout=-1s", "default"],
    ["Timeout=foo", "default"],
    ["timeoutSeconds=5", "default"],
    ["timeout=1%C2%B5s", 1000n],
    ["timeout=1.5s", 1_500_000_000n],
    ["timeout=60h", 216_000_000_000_000n],
    ["timeout=1s&timeout=foo", 1_000_000_000n],
    ["timeout=foo&timeout=1s", "malformed"],
    ["timeout=1", "malformed"],
    ["timeout=+5s", "malformed"],
  ])("%s is %p", (query, expected) => {
    const timeout = readRequestTimeout(parseQuery(query));
    expect(timeout.is === "given" ? timeout.ns : timeout.is).toBe(expected as "default");
  });
});
