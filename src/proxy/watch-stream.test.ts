import { describe, expect, test } from "bun:test";

import { parseResourceVersion } from "../api/resource-version.ts";
import { expired } from "../api/status.ts";
import { WatchCache } from "../cache/watch-cache.ts";
import { configMapScope } from "../testing/disk.ts";
import { describeRequest } from "./read-request.ts";
import { WatchStream } from "./watch-stream.ts";
import { Watches } from "./watches.ts";

/** A watch whose client may have so many bytes waiting for it. */
function openWatch(bufferBytes: number) {
  const target = "/api/v1/configmaps?watch=1";
  const parts = { method: "GET", target, accept: "", isPerson: false };
  const described = describeRequest(parts, () => true);
  if (described.is !== "read") throw new Error(described.is);
  const { read } = described;
  const cache = new WatchCache(configMapScope(), { maxEvents: 1, maxBytes: 1, maxAgeMs: 1 });
  const watches = new Watches();
  const stream = new WatchStream(
    { watches, now: () => 0, left: () => undefined, bufferBytes: () => bufferBytes },
    cache,
    {
      read,
      sight: undefined,
      position: parseResourceVersion("1"),
      initial: [][Symbol.iterator](),
      deadlineMs: 1000,
      wantsBookmarks: false,
      userAgent: "",
    },
  );
  return { stream, watches };
}

/** What was written, in text, and how it ended. */
class Written {
  text = "";
  readonly ends: string[] = [];

  write(bytes: Uint8Array): "room" {
    this.text += Buffer.from(bytes).toString();
    return "room";
  }

  end(): void {
    this.ends.push("ended");
  }

  destroy(): void {
    this.ends.push("broken off");
  }
}

describe("a watch that is over before its client has the head", () => {
  test.each([
    ["with what it was told", 1 << 20, '"code":410'],
    ["without what was too much for its buffer", 0, ""],
  ])("ends %s", (_, bufferBytes, told) => {
    const { stream, watches } = openWatch(bufferBytes);
    stream.end(expired("gone").status);
    const written = new Written();
    stream.begin(written);
    expect(written.text).toContain(told);
    expect(written.ends).toEqual(["ended"]);
    expect(watches.count).toBe(0);
  });
});
