import { describe, expect, test } from "bun:test";

import { type ContractTarget } from "./contract-client.ts";
import { inNamespace } from "./contract-fixture.ts";

/** method, path, code (m, 1.33 and 1.37). An answer takes an apiserver 1 to 3 ms, so only much shorter and longer ones are here. */
const timeouts: readonly (readonly [method: "GET" | "HEAD", path: string, code: number])[] = [
  ["GET", "configmaps?timeout=", 200],
  ["GET", "configmaps?timeout=0", 200],
  ["GET", "configmaps?timeout=0s", 200],
  ["GET", "configmaps?timeout=0.5ns", 200],
  ["GET", "configmaps?timeout=-1s", 200],
  ["GET", "configmaps?timeout=-1", 400],
  ["GET", "configmaps?timeout=1", 400],
  ["GET", "configmaps?timeout=+5s", 400],
  ["GET", "configmaps?timeout=%2B5s", 200],
  ["GET", "configmaps?timeout=foo", 400],
  ["GET", "configmaps?timeout=1S", 400],
  ["GET", "configmaps?timeout=1e3s", 400],
  ["GET", "configmaps?timeout=9999999999h", 400],
  ["GET", "configmaps?timeout=foo&timeout=5s", 400],
  ["GET", "configmaps?timeout=5s&timeout=foo", 200],
  ["GET", "configmaps?timeout=1.5s", 200],
  ["GET", "configmaps?timeout=.5m", 200],
  ["GET", "configmaps?timeout=60h", 200],
  ["GET", "configmaps?timeout=1ns", 504],
  ["GET", "configmaps?timeout=1us", 504],
  ["GET", "configmaps?timeout=1%C2%B5s", 504],
  ["GET", "configmaps?timeout=1%CE%BCs", 504],
  ["GET", "configmaps?resourceVersion=0&timeout=1ns", 504],
  ["HEAD", "configmaps?timeout=1ns", 504],
  ["HEAD", "configmaps?timeout=foo", 400],
  ["GET", "configmaps/a?timeout=0", 200],
  ["GET", "configmaps/a?timeout=-1s", 200],
  ["GET", "configmaps/a?timeout=60h", 200],
  ["GET", "configmaps/a?timeout=foo", 400],
  ["GET", "configmaps/a?timeout=1ns", 504],
  ["GET", "configmaps/a?watch=1&timeout=1ns", 504],
  ["GET", "configmaps?watch=1&timeoutSeconds=1&timeout=1ns", 200],
  ["GET", "configmaps?watch=1&timeoutSeconds=1&timeout=foo", 200],
  ["GET", "configmaps?watch=1&timeoutSeconds=1&timeout=1", 200],
  ["GET", "configmaps?watch=1&timeoutSeconds=1&timeout=-1s", 200],
];

/** How long a request may take, by its own word. */
export function describeTimeouts(target: () => ContractTarget): void {
  describe("a timeout", () => {
    test.concurrent.each(timeouts.map((row) => [...row] as const))(
      "%s %s is answered %i",
      (method, path, code) =>
        inNamespace(target, async (f) => {
          await f.create("a");
          await f.warmUp();
          const answer = await f.call(path, { method });
          expect(answer.status, answer.text).toBe(code);
          if (code === 504 && method === "GET")
            expect(JSON.parse(answer.text)).toMatchObject({
              status: "Failure",
              reason: "Timeout",
              message: "Timeout: request did not complete within the allotted timeout",
            });
        })(),
      30_000,
    );
  });
}
