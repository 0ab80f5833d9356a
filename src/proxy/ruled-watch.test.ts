import { describe, expect, test } from "bun:test";

import { parseRules } from "../config/rules.ts";
import { isStream } from "../http/answer.ts";
import { View } from "../rules/view.ts";
import { beginOf, shownWatch } from "./ruled-watch.ts";

const view = new View(
  parseRules("r.yaml", "", [{ name: "no-drafts", hide: { namePrefix: "draft-" } }]),
);
const ruled = {
  view,
  accept: undefined,
  target: "",
  asked: "",
  isPretty: false,
  stripsRows: false,
};

const added = (name: string) =>
  `{"type":"ADDED","object":{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"${name}","namespace":"n"}}}\n`;

/** What is sent of these chunks, piece by piece. */
async function sent(...chunks: readonly string[]): Promise<readonly string[]> {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(Buffer.from(chunk));
      controller.close();
    },
  });
  const answer = new Response(body, { headers: { "Content-Type": "application/json" } });
  const shown = shownWatch(answer, ruled, "begins with all").body;
  if (!isStream(shown)) throw new Error("the watch is no stream");
  const pieces: string[] = [];
  for await (const piece of shown) pieces.push(Buffer.from(piece).toString());
  return pieces;
}

describe("shownWatch", () => {
  test("sends nothing of what is not shown", async () => {
    expect(await sent(added("draft-a"), added("draft-b"), added("c"))).toEqual([added("c")]);
    expect(await sent(added("a"), added("draft-b"), added("c"))).toEqual([added("a"), added("c")]);
  });
});

describe("beginOf", () => {
  test.each([
    ["watch=1", "begins with all"],
    ["watch=1&resourceVersion=0", "begins with all"],
    ["watch=1&resourceVersion=7", "goes on"],
    ["watch=1&resourceVersion=7&sendInitialEvents=true", "begins with all"],
    ["watch=1&resourceVersion=7&sendInitialEvents=1", "begins with all"],
    ["watch=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan", "goes on"],
    ["watch=1&sendInitialEvents=0&resourceVersion=0", "goes on"],
  ] as const)("%s: %s", (query, begin) => {
    expect(beginOf(`/api/v1/pods?${query}`)).toBe(begin);
  });
});
