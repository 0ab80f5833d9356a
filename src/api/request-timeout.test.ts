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
    ["timeout=1%C2%B5s", "short 1000"],
    ["timeout=9999us", "short 9999000"],
    ["timeout=10ms", "given 10000000"],
    ["timeout=1.5s", "given 1500000000"],
    ["timeout=60h", "given 216000000000000"],
    ["timeout=1s&timeout=foo", "given 1000000000"],
    ["timeout=foo&timeout=1s", "malformed"],
    ["timeout=1", "malformed"],
    ["timeout=+5s", "malformed"],
  ])("%s is %s", (query, expected) => {
    const timeout = readRequestTimeout(parseQuery(query));
    expect("ns" in timeout ? `${timeout.is} ${timeout.ns}` : timeout.is).toBe(expected);
  });
});
