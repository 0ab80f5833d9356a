import { describe, expect, test } from "bun:test";

import { ListChecker } from "./list-checker.ts";

const whole = (name: string, text = "x") => ({
  metadata: { name, namespace: "ns", resourceVersion: "7" },
  data: { text },
});
const bare = (name: string) => ({ metadata: { name, namespace: "ns" } });
const body = (...items: object[]) =>
  Buffer.from(JSON.stringify({ metadata: { resourceVersion: "9" }, items }));
const checker = () => new ListChecker(["a", "b"], [whole("a"), whole("b")]);

describe("ListChecker", () => {
  test.each([
    ["whole objects", body(whole("a"), whole("b"))],
    ["names only", body(bare("a"), bare("b"))],
  ])("takes %s", (kind, answer) => {
    const lists = checker();
    expect(lists.check({ status: 200, body: answer })).toBeUndefined();
    expect(lists.check({ status: 200, body: Buffer.from(answer) })).toBeUndefined();
    expect(lists.kinds).toEqual([kind]);
  });

  test.each([
    ["another status", 503, body(), "503: "],
    ["no answer", 0, Buffer.from("reset"), "no answer: reset"],
    ["what is no list", 200, Buffer.from("<html>"), "0 items"],
    ["a missing object", 200, body(whole("a")), "1 items, 1 names, of 2"],
    ["an object twice", 200, body(whole("a"), whole("a")), "2 items, 1 names, of 2"],
    ["other contents", 200, body(whole("a"), whole("b", "y")), "objects are neither"],
    ["some whole and some bare", 200, body(whole("a"), bare("b")), "objects are neither"],
  ])("refuses %s", (_, status, answer, says) => {
    const lists = checker();
    expect(lists.check({ status: 200, body: body(whole("a"), whole("b")) })).toBeUndefined();
    expect(lists.check({ status, body: answer })).toStartWith(says);
  });
});
