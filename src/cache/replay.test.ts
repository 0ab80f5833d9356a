import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { createTemporaryFolder } from "../testing/child-process.ts";
import { Disk } from "./disk.ts";
import { partOwner, writePart } from "./replay-parts.ts";
import type { ReplayAnswer, ReplayRequest } from "./replay-rows.ts";
import { Replay, type Told } from "./replay.ts";

let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;
let disk: Disk;
let replay: Replay;

beforeEach(async () => {
  folder = await createTemporaryFolder("edge-proxy-replay-");
  open();
});
afterEach(async () => {
  await disk.close();
  await folder.remove();
});

const limitBytes = 8 << 20;
const isKept = () => true;
let refusals = 0;
const refused = () => void refusals++;

function open(limit = limitBytes): void {
  const opened = Disk.open(folder.dir, { now: Date.now, report: () => undefined });
  if (opened.is === "fault") throw new Error(opened.fault.reason);
  disk = opened.value;
  replay = new Replay(disk, { limitBytes: limit, flushMs: 60_000, isKept, refused });
}

test("what is cleared is not given again, after a restart neither", async () => {
  const small = { head: { headers: {}, vary: [] }, body: new Uint8Array([1]), at: 1 };
  replay.put(request(), small);
  await replay.flush();
  replay.put(request({ path: "/later" }), small);
  await replay.clear();
  const paths = ["/version", "/later"];
  const given = async () => await Promise.all(paths.map((path) => replay.get(request({ path }))));
  expect(await given()).toEqual([undefined, undefined]);
  await reopen();
  expect(await given()).toEqual([undefined, undefined]);
  expect(replay.byteLength).toBe(0);
});

test("the answers of one path are forgotten, those of others stay", async () => {
  replay.put(request(), answer("a"));
  await replay.flush();
  replay.put(request({ query: "x=1" }), answer("b"));
  replay.put(request({ path: "/other" }), answer("c"));
  await replay.removeOf((path) => path === "/version");
  expect(await replay.get(request())).toBeUndefined();
  expect(await replay.get(request({ query: "x=1" }))).toBeUndefined();
  expect(await replay.get(request({ path: "/other" }))).toBeDefined();
});

test("an answer that may not be kept is not given, though it lies there", async () => {
  replay.put(request(), answer("a"));
  await replay.flush();
  const options = {
    limitBytes,
    flushMs: 60_000,
    refused,
    isKept: (path: string) => path !== "/version",
  };
  expect(await new Replay(disk, options).get(request())).toBeUndefined();
});

test("an answer on disk that upstream refuses since is removed, and a rewrite is due", async () => {
  const due = async (asked: ReplayRequest) => {
    refusals = 0;
    await replay.remove(asked);
    await replay.flush();
    return [refusals, disk.isRewriteDue];
  };
  replay.put(request(), answer("needle"));
  expect(await due(request())).toEqual([0, false]);
  replay.put(request(), answer("needle"));
  replay.put(request({ path: "/other" }), answer("other"));
  await replay.flush();
  expect(await due(request({ path: "/never" }))).toEqual([0, false]);
  expect(await due(request())).toEqual([1, true]);
  expect(await disk.rewrite()).toMatchObject({ is: "done" });
  expect(disk.isRewriteDue).toBe(false);
  refusals = 0;
  await replay.removeOf((path) => path === "/version", "refused");
  expect([refusals, disk.isRewriteDue]).toEqual([0, false]);
  await replay.removeOf((path) => path === "/other", "refused");
  expect([refusals, disk.isRewriteDue]).toEqual([1, true]);
  const bytes = readdirSync(folder.dir).map((name) =>
    readFileSync(join(folder.dir, name), "latin1"),
  );
  expect(bytes.join("")).not.toContain("needle");
});

async function reopen(limit?: number): Promise<void> {
  await replay.flush();
  await disk.close();
  open(limit);
}

function request(over: Partial<ReplayRequest> = {}): ReplayRequest {
  const base = { identity: "node", method: "GET", path: "/version", query: "", accept: "*/*" };
  return { ...base, header: () => "", ...over };
}

function answer(text: string, at = 1000, vary: readonly string[] = []): ReplayAnswer {
  const head = { headers: { "content-type": "application/json" }, vary };
  return { head, body: new TextEncoder().encode(text), at };
}

function encoded(encoding: string): ReplayRequest {
  return request({ header: (name) => (name === "accept-encoding" ? encoding : "") });
}

/** Of several parts, each byte of its own place. */
function large(text: string, bytes = 1_400_000): ReplayAnswer {
  return answer(Array.from({ length: bytes / 10 }, (_, at) => `${text}${at}`.padEnd(10)).join(""));
}

async function rows(): Promise<number | undefined> {
  const sql = "SELECT count(*) AS count FROM replay";
  const outcome = await disk.exclusive(async (db) => db.get<{ count: number }>(sql)?.count);
  return outcome.is === "done" ? outcome.value : undefined;
}

/** What is given to who starts on a copy of the files as they lie there now: a kill would leave them so. */
async function givenAfterKill(): Promise<ReplayAnswer | undefined> {
  const dir = `${folder.dir}-copy`;
  mkdirSync(dir);
  for (const name of readdirSync(folder.dir)) copyFileSync(join(folder.dir, name), join(dir, name));
  const opened = Disk.open(dir, { now: Date.now, report: () => undefined });
  if (opened.is === "fault") throw new Error(opened.fault.reason);
  const given = await new Replay(opened.value, {
    limitBytes,
    flushMs: 60_000,
    isKept,
    refused,
  }).get(request());
  await opened.value.close();
  rmSync(dir, { recursive: true });
  return given;
}

async function got(asked: ReplayRequest): Promise<string | undefined> {
  const found = await replay.get(asked);
  return found && `${new TextDecoder().decode(found.body)} ${found.at}`;
}

describe("Replay", () => {
  test("gives the last answer, from memory before it is on disk and from disk after", async () => {
    replay.put(request(), answer("old"));
    replay.put(request(), answer("new", 2000));
    expect(await got(request())).toBe("new 2000");
    await reopen();
    expect(await replay.get(request())).toEqual(answer("new", 2000));
  });

  test.each([
    ["identity", { identity: "other" }],
    ["method", { method: "HEAD" }],
    ["path", { path: "/api" }],
    ["query", { query: "a=b" }],
    ["accept", { accept: "application/yaml" }],
  ])("another %s is another request", async (_, over) => {
    replay.put(request(), answer("a"));
    await replay.flush();
    expect(await got(request(over))).toBeUndefined();
  });

  test("headers that the answer varies by are part of the request, also after a restart", async () => {
    replay.put(encoded("gzip"), answer("g", 1, ["accept-encoding"]));
    replay.put(encoded(""), answer("plain", 2, ["accept-encoding"]));
    await reopen();
    expect([await got(encoded("gzip")), await got(encoded("")), await got(encoded("br"))]).toEqual([
      "g 1",
      "plain 2",
      undefined,
    ]);
  });

  test("an answer of more than a key is long is not kept", async () => {
    const long = "x".repeat(20_000);
    replay.put(request({ path: `/${long}` }), answer("a"));
    replay.put(encoded(long), answer("b", 1, ["accept-encoding"]));
    replay.put(request(), answer("c"));
    await replay.flush();
    expect(await rows()).toBe(1);
  });

  test("an answer that was refused since is gone", async () => {
    replay.put(request(), answer("a"));
    await reopen();
    await replay.remove(request());
    expect(await got(request())).toBeUndefined();
    await reopen();
    expect(await got(request())).toBeUndefined();
  });

  test("the same answer again has its new time, on disk from a minute on", async () => {
    for (const at of [1000, 2000]) {
      replay.put(request(), answer("a", at));
      await replay.flush();
      expect(await got(request())).toBe(`a ${at}`);
    }
    await reopen();
    expect(await got(request())).toBe("a 1000");
    replay.put(request(), answer("a", 90_000));
    await reopen();
    expect(await got(request())).toBe("a 90000");
  });

  test("the least recently used go when room is needed, and one too large is not kept", async () => {
    await reopen(30_000);
    const body = "x".repeat(6000);
    for (const path of ["/a", "/b", "/c", "/d"]) {
      replay.put(request({ path }), answer(body));
      await replay.flush();
    }
    await replay.get(request({ path: "/a" }));
    replay.put(request({ path: "/e" }), answer(body));
    replay.put(request({ path: "/f" }), answer("x".repeat(8000)));
    await replay.flush();
    const paths = ["/a", "/b", "/c", "/d", "/e", "/f"];
    const found = await Promise.all(paths.map((path) => replay.get(request({ path }))));
    expect(paths.filter((_, index) => found[index] !== undefined)).toEqual([
      "/a",
      "/c",
      "/d",
      "/e",
    ]);
    expect(replay.byteLength).toBeLessThanOrEqual(30_000);
  });

  test("a damaged answer is none", async () => {
    replay.put(request(), answer("x".repeat(100)));
    await replay.flush();
    await disk.close();
    const file = join(folder.dir, "cache.db");
    const bytes = readFileSync(file);
    bytes[bytes.indexOf("xxxxxxxx")] = 0x79;
    writeFileSync(file, bytes);
    open();
    expect(await got(request())).toBeUndefined();
  });
});

function ofItsOwn(text: string): ReplayAnswer {
  return answer(text.padEnd(400_000));
}

describe("Replay, of answers put in faster than they are written", () => {
  const paths = Array.from({ length: 12 }, (_, at) => `/${at}`);

  test("keeps the last of them, a quarter of all in bytes", async () => {
    for (const path of paths) replay.put(request({ path }), ofItsOwn(path));
    const before = await Promise.all(paths.map((path) => replay.get(request({ path }))));
    expect(before.map((found) => found !== undefined)).toEqual(paths.map((_, at) => at >= 7));
    await reopen();
    expect(await replay.get(request({ path: "/11" }))).toEqual(ofItsOwn("/11"));
    expect(replay.byteLength).toBeLessThan(limitBytes / 4);
  });

  test("what is driven out does not come back as it was before", async () => {
    replay.put(request(), answer("old"));
    await replay.flush();
    replay.put(request(), ofItsOwn("new"));
    for (const path of paths) replay.put(request({ path }), ofItsOwn(path));
    expect(await got(request())).toBeUndefined();
    await reopen();
    expect(await got(request())).toBeUndefined();
  });
});

function told(is: "answer" | "refused", path: string, text = path): () => Told {
  const asked = request({ path });
  return () =>
    is === "answer" ? { is, request: asked, answer: answer(text) } : { is, requests: [asked] };
}

describe("Replay, of what is told", () => {
  test("is known to who asks next, as it was told last", async () => {
    replay.put(request({ path: "/c" }), answer("old"));
    await replay.flush();
    replay.tell(1, told("answer", "/a"));
    replay.tell(1, () => undefined);
    replay.tell(1, told("answer", "/b"));
    replay.tell(1, told("refused", "/a"));
    replay.tell(1, told("refused", "/b"));
    replay.tell(1, told("answer", "/b", "again"));
    replay.tell(1, told("refused", "/c"));
    const given = async () =>
      await Promise.all(["/a", "/b", "/c"].map((path) => got(request({ path }))));
    expect(await given()).toEqual([undefined, "again 1000", undefined]);
    await reopen();
    expect(await given()).toEqual([undefined, "again 1000", undefined]);
  });

  test.each([
    ["many small ones 128", 1, 1000, 128],
    ["large ones 1 MiB", 400_000, 31, 2],
  ])("of %s wait to be looked at", async (_, byteLength, count, waiting) => {
    let looked = 0;
    for (let at = 0; at < count; at++) replay.tell(byteLength, () => void looked++);
    await new Promise((resolve) => setImmediate(resolve));
    expect(looked).toBeLessThan(count);
    expect(count - looked).toBeLessThanOrEqual(waiting);
  });

  test("is written as long as there is a budget for it", async () => {
    await reopen(1_000_000);
    const paths = Array.from({ length: 12 }, (_, at) => `/${at}`);
    for (const path of paths) {
      replay.put(request({ path }), answer(path.padEnd(210_000)));
      await replay.flush("within the budget");
    }
    const found = await Promise.all(paths.map((path) => replay.get(request({ path }))));
    // Four fit, and one waits.
    const expected = ["/1", "/2", "/3", "/4", "/11"];
    expect(paths.filter((_, at) => found[at] !== undefined)).toEqual(expected);
    expect(await rows()).toBe(4);
    await reopen(1_000_000);
    expect(await replay.get(request({ path: "/11" }))).toBeDefined();
  });
});

describe("Replay, of large answers", () => {
  test("gives them whole after a restart; one that is replaced or removed leaves nothing", async () => {
    replay.put(request(), large("a"));
    await reopen();
    expect(await replay.get(request())).toEqual(large("a"));
    expect(await rows()).toBe(3);
    expect(replay.byteLength).toBeGreaterThan(1_400_000);
    replay.put(request(), large("b", 600_000));
    await replay.flush();
    expect(await replay.get(request())).toEqual(large("b", 600_000));
    expect(await rows()).toBe(2);
    await replay.clear();
    expect([await rows(), replay.byteLength]).toEqual([0, 0]);
  });

  test("the same again is not written again", async () => {
    for (let round = 0; round < 2; round++) {
      replay.put(request(), large("a"));
      await replay.flush();
    }
    const before = await disk.exclusive(async (db) => db.changes);
    replay.put(request(), large("a"));
    await replay.flush();
    expect(await disk.exclusive(async (db) => db.changes)).toEqual(before);
    expect(await rows()).toBe(3);
  });

  test("a kill at any turn of a write leaves the one before or the next, and nothing for long", async () => {
    replay.put(request(), large("a"));
    await replay.flush();
    replay.put(request(), large("b"));
    let isDone = false;
    const flushed = replay.flush().finally(() => (isDone = true));
    const seen = new Set<string>();
    while (!isDone) {
      const given = await givenAfterKill();
      if (given === undefined) throw new Error("nothing");
      const text = new TextDecoder().decode(given.body.subarray(0, 1));
      expect(given).toEqual(large(text));
      seen.add(text);
    }
    await flushed;
    expect(seen.has("a")).toBe(true);
    expect(await replay.get(request())).toEqual(large("b"));
  });

  test("parts of one that was never finished go with the next write", async () => {
    await disk.exclusive(async (db) =>
      writePart(db, { owner: partOwner({ key: "[]", checksum: 1 }), index: 1 }, new Uint8Array(9)),
    );
    replay.put(request(), answer("a"));
    await replay.flush();
    expect(await rows()).toBe(1);
  });

  test("one of which a part is damaged or gone is none", async () => {
    const changes = ["UPDATE replay SET body = zeroblob(524288)", "DELETE FROM replay"];
    for (const change of changes) {
      replay.put(request(), large("a"));
      await reopen();
      expect(await got(request())).toBeDefined();
      await disk.exclusive(async (db) => db.run(`${change} WHERE key LIKE 'part 1 of %'`));
      expect(await got(request())).toBeUndefined();
      await reopen();
      expect(await got(request())).toBeUndefined();
      await replay.clear();
      expect(await rows()).toBe(0);
    }
  });
});
