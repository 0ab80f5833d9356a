import { afterEach, beforeEach, expect, jest, test } from "bun:test";

import { AnotherHistoryError } from "./cache/reflector-errors.ts";
import type { Scope } from "./cache/watch-cache.ts";
import { configureLog } from "./log.ts";
import { ScopeLog } from "./scope-log.ts";
import { configMapScope } from "./testing/disk.ts";

let lines: string[];
let isUnreachable: boolean;
let scopeLog: ScopeLog;
let scope: Scope;

beforeEach(() => {
  jest.useFakeTimers();
  lines = [];
  configureLog({ format: "text", verbosity: 0, write: (line) => lines.push(line) });
  isUnreachable = false;
  scopeLog = new ScopeLog(() => isUnreachable);
  scope = configMapScope();
});
afterEach(() => {
  jest.useRealTimers();
  configureLog({ format: "text", verbosity: 0 });
});

function told(): readonly string[] {
  return lines.map((line) => line.replace(/^\S+ +/, ""));
}

test("a watch that does not go on is told, once, and when it does", () => {
  scopeLog.failing(scope, new Error("refused"));
  jest.advanceTimersByTime(4999);
  expect(told()).toEqual([]);
  jest.advanceTimersByTime(60_000);
  expect(told()).toEqual([expect.stringMatching(/^WARN .* failed and is tried again .*refused/)]);
  scopeLog.recovered(scope);
  expect(told().slice(1)).toEqual([expect.stringMatching(/^INFO .* goes on$/)]);
});

test("one that goes on soon is not, nor one that upstream is not there for", () => {
  scopeLog.failing(scope, new Error("cut"));
  jest.advanceTimersByTime(1000);
  scopeLog.recovered(scope);
  scopeLog.failing(scope, new Error("cut"));
  isUnreachable = true;
  jest.advanceTimersByTime(60_000);
  isUnreachable = false;
  scopeLog.recovered(scope);
  jest.advanceTimersByTime(60_000);
  expect(told()).toEqual([]);
});

test("that upstream has another history is told at once", () => {
  scopeLog.failing(scope, new AnotherHistoryError("900", 0));
  expect(told()).toEqual([expect.stringMatching(/^WARN .* of another history/)]);
  scopeLog.recovered(scope);
  jest.advanceTimersByTime(60_000);
  expect(told()).toHaveLength(2);
});
