import { describe, expect, test } from "bun:test";

import { encodeContinue } from "./continue-token.ts";
import { knownListKeys, parseListOptions, parseQueryBoolean } from "./list-options.ts";

const token = encodeContinue("5", "a\0");

describe("parseListOptions", () => {
  test("reads every parameter", () => {
    const options = parseListOptions(
      "labelSelector=a%3Db&fieldSelector=x%3Dy&resourceVersion=5&resourceVersionMatch=Exact&limit=7&timeoutSeconds=9&allowWatchBookmarks=1",
      "list",
    );
    expect(options).toMatchObject({
      labelSelector: { text: "a=b" },
      fieldSelector: { text: "x=y" },
      resourceVersion: "5",
      resourceVersionMatch: "Exact",
      limit: 7,
      continue: "",
      timeoutSeconds: 9,
      allowWatchBookmarks: true,
      sendInitialEvents: undefined,
      watch: false,
    });
  });

  test.each([
    ["", { limit: 0, resourceVersion: "", resourceVersionMatch: "", timeoutSeconds: undefined }],
    ["limit=-1", { limit: -1 }],
    ["limit=010", { limit: 10 }],
    ["limit=%2B1", { limit: 1 }],
    ["limit=1&limit=2", { limit: 1 }],
    ["limit=%zz", { limit: 0 }],
    ["limit=1;2", { limit: 0 }],
    ["Limit=x", { limit: 0 }],
    ["timeoutSeconds=-1", { timeoutSeconds: -1 }],
    ["timeoutSeconds=0", { timeoutSeconds: 0 }],
    ["resourceVersion=01", { resourceVersion: "01" }],
    ["resourceVersion=18446744073709551615", { resourceVersion: "18446744073709551615" }],
    ["resourceVersion=1&resourceVersion=junk", { resourceVersion: "1" }],
    ["resourceVersionMatch=&resourceVersion=", { resourceVersionMatch: "" }],
    ["resourceVersion=00&resourceVersionMatch=Exact", { resourceVersionMatch: "Exact" }],
    ["resourceVersion=0&resourceVersionMatch=NotOlderThan", { resourceVersion: "0" }],
    ["watch=1", { watch: false }],
    [`continue=${token}&resourceVersion=0`, { continue: token }],
    ["continue=", { continue: "" }],
    ["allowWatchBookmarks=junk", { allowWatchBookmarks: true }],
  ])("a list with ?%s", (query, expected) => {
    expect(parseListOptions(query, "list")).toMatchObject(expected);
  });

  test.each([
    ["", true, "NotOlderThan"],
    ["resourceVersion=0", true, "NotOlderThan"],
    ["resourceVersion=00", undefined, ""],
    ["resourceVersion=5", undefined, ""],
    ["resourceVersion=5&continue=x", undefined, ""],
    ["sendInitialEvents=true&resourceVersionMatch=NotOlderThan", true, "NotOlderThan"],
    ["sendInitialEvents=&resourceVersionMatch=NotOlderThan", true, "NotOlderThan"],
    ["sendInitialEvents&resourceVersionMatch=NotOlderThan", true, "NotOlderThan"],
    ["sendInitialEvents=0&resourceVersionMatch=NotOlderThan", false, "NotOlderThan"],
    ["sendInitialEvents=False&resourceVersionMatch=NotOlderThan", false, "NotOlderThan"],
    ["limit=-1", true, "NotOlderThan"],
  ])("a watch with ?%s: %p, %j", (query, sendInitialEvents, resourceVersionMatch) => {
    const expected = { sendInitialEvents, resourceVersionMatch, watch: true };
    expect(parseListOptions(query, "watch")).toMatchObject(expected);
  });

  const badNumber = 'strconv.ParseInt: parsing "x": invalid syntax';
  const noUint =
    'resourceVersion: Invalid value: "x": strconv.ParseUint: parsing "x": invalid syntax';
  const illegal =
    "invalid continue token: continue key is not valid: illegal base64 data at input byte 0";
  test.each([
    ["limit=x", "list", 400, badNumber],
    ["limit=", "list", 400, 'strconv.ParseInt: parsing "": invalid syntax'],
    ["limit=+1", "list", 400, 'strconv.ParseInt: parsing " 1": invalid syntax'],
    ["timeoutSeconds=x", "list", 400, badNumber],
    ["limit=y&timeoutSeconds=x&labelSelector=$", "list", 400, badNumber],
    ["limit=x", "watch", 400, badNumber],
    [
      "labelSelector=,&fieldSelector=x",
      "list",
      400,
      "found ',', expected: !, identifier, or 'end of string'",
    ],
    [
      "fieldSelector=x&resourceVersionMatch=y",
      "list",
      400,
      "invalid selector: 'x'; can't understand 'x'",
    ],
    ["resourceVersion=x", "list", 400, `invalid resource version: ${noUint}`],
    ["resourceVersion=x", "watch", 500, noUint],
    ["continue=x", "list", 400, illegal],
    ["continue=x&resourceVersion=5", "list", 400, illegal],
    [
      `continue=${token}&resourceVersion=x`,
      "list",
      400,
      "specifying resource version is not allowed when using continue",
    ],
  ] as const)("?%s on a %s is a %i", (query, verb, code, message) => {
    expect(() => parseListOptions(query, verb)).toThrow(
      expect.objectContaining({ status: expect.objectContaining({ code, message }) }),
    );
  });
});

describe("parseQueryBoolean", () => {
  test.each([
    [null, undefined],
    ["", true],
    ["1", true],
    ["true", true],
    ["junk", true],
    ["0", false],
    ["false", false],
    ["FALSE", false],
    ["00", true],
  ])("%j is %p", (text, expected) => {
    expect(parseQueryBoolean(text)).toBe(expected as boolean);
  });
});

describe("knownListKeys", () => {
  test.each([
    ["watch", true],
    ["pretty", true],
    ["timeout", true],
    ["shardSelector", false],
    ["Watch", false],
  ])("%s: %p", (key, expected) => {
    expect(knownListKeys.has(key)).toBe(expected);
  });
});
