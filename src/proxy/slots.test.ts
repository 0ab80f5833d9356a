import { describe, expect, test } from "bun:test";

import { parseHeaderBlock } from "../http/head.ts";
import { IncomingRequest } from "../http/request.ts";
import { Slots } from "./slots.ts";

function request(): IncomingRequest {
  const block = parseHeaderBlock("Host: a\r\n");
  if (block instanceof Error) throw block;
  const line = { method: "GET", target: "/", authority: undefined, version: "1.1" } as const;
  return new IncomingRequest(line, block, {
    openBody: () => new ReadableStream(),
    hold: () => "room",
  });
}

describe("Slots", () => {
  test("are taken until a request is over, and no more than there are", () => {
    const slots = new Slots(2);
    const [one, two, three] = [request(), request(), request()];
    slots.take(one);
    slots.take(two);
    expect(() => slots.take(three)).toThrow("at most 2");
    one.finish();
    one.finish();
    slots.take(three);
    expect(slots.taken).toBe(2);
  });

  test("of a client that has left are free, also where it has left before", () => {
    const slots = new Slots(1);
    const gone = request();
    gone.leave();
    slots.take(gone);
    expect(slots.taken).toBe(0);
  });
});
