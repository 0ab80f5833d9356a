import { afterEach, beforeEach, describe, expect, test } from "bun:test";

import { waitUntil } from "./child-process.ts";
import { call, type Endpoint, json, names, summary, type Watch, watch } from "./contract-client.ts";
import { type FakeApiserver, startFakeApiserver } from "./fake-apiserver.ts";

const configmaps = "/api/v1/namespaces/default/configmaps";
let fake: FakeApiserver;
let admin: Endpoint;
let opened: Watch[];

beforeEach(async () => {
  fake = await startFakeApiserver({ watchCacheSize: 3, bookmarkEveryMs: 20 });
  admin = { url: fake.url, token: fake.adminToken };
  opened = [];
});

afterEach(async () => {
  for (const each of opened) each.close();
  await fake.stop();
});

const create = (name: string) =>
  call(admin, configmaps, { method: "POST", body: { metadata: { name } } });

async function follow(query: string): Promise<Watch> {
  const made = await watch(admin, `${configmaps}?watch=1&${query}`);
  opened.push(made);
  return made;
}

describe("startFakeApiserver", () => {
  test("answers what a fault says, as often as it says, to whom it says", async () => {
    fake.faults.add({ kind: "answer", code: 429, retryAfterSeconds: 1, times: 1, verb: "list" });
    expect((await create("a")).status).toBe(201);
    const refused = await call(admin, configmaps);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "1"]);
    expect(names(json(await call(admin, configmaps)))).toEqual(["a"]);
  });

  test("resets a connection before the answer, and after a write was done", async () => {
    fake.faults.add({ kind: "reset-after", times: 1, method: "POST" });
    await expect(create("a")).rejects.toThrow();
    await waitUntil("a is there", async () => {
      return (await call(admin, `${configmaps}/a`)).status === 200;
    });
    fake.faults.add({ kind: "reset", path: configmaps });
    await expect(call(admin, configmaps, { method: "POST", body: {} })).rejects.toThrow();
  });

  test("survives a request that is reset before its end", async () => {
    const { hostname, port } = new URL(fake.url);
    const socket = await Bun.connect({ hostname, port: Number(port), socket: { data() {} } });
    const head = `POST ${configmaps} HTTP/1.1\r\nHost: fake\r\nContent-Length: 99\r\n\r\n`;
    socket.write(`${head}{"metadata":`);
    await waitUntil("it arrived", () => fake.faults.arrivals().length === 1);
    socket.terminate();
    expect(names(json(await call(admin, configmaps)))).toEqual([]);
  });

  test("cuts a list in the middle", async () => {
    await create("a");
    fake.faults.add({ kind: "truncate", times: 1 });
    await expect(call(admin, configmaps)).rejects.toThrow();
  });

  test("holds a head back, or for ever", async () => {
    fake.faults.add({ kind: "hang", times: 1 });
    const hanging = fetch(fake.url, { signal: AbortSignal.timeout(100) });
    await expect(hanging).rejects.toThrow();
    await waitUntil("it arrived", () => fake.faults.arrivals().length > 0);
    fake.faults.add({ kind: "delay", ms: 1, times: 1 });
    expect((await call(admin, configmaps)).status).toBe(200);
  });

  test("counts arrivals, with repeated headers as they came", async () => {
    const socket = await Bun.connect({
      hostname: "127.0.0.1",
      port: fake.port,
      socket: { data() {} },
    });
    const groups = "Impersonate-Group: a\r\nImpersonate-Group: b\r\n";
    socket.write(`GET ${configmaps}?x=1 HTTP/1.1\r\nHost: fake\r\n${groups}\r\n`);
    await waitUntil("it arrived", () => fake.faults.arrivals({ verb: "list" }).length === 1);
    socket.end();
    const [arrival] = fake.faults.arrivals();
    expect(arrival).toMatchObject({ method: "GET", path: configmaps, query: "x=1" });
    const repeated = arrival!.headers.filter(([name]) => name === "Impersonate-Group");
    expect(repeated.map(([, value]) => value)).toEqual(["a", "b"]);
    fake.faults.forget();
    expect(fake.faults.arrivals()).toEqual([]);
  });

  test("ends all watches, and counts those that are open", async () => {
    const clean = await follow("resourceVersion=5");
    expect(fake.watches()).toBe(1);
    fake.cutWatches("clean");
    await clean.ended();
    const reset = await follow("resourceVersion=5");
    fake.cutWatches("reset");
    await reset.ended();
    await waitUntil("none is open", () => fake.watches() === 0);
  });

  test("forgets its history: by compaction, and by the size of the window", async () => {
    const { resourceVersion } = json(await create("a")).metadata;
    for (const name of ["b", "c", "d", "e"]) await create(name);
    const late = await follow(`resourceVersion=${Number(resourceVersion) - 1}`);
    expect((await late.ended())[0]).toMatchObject({ type: "ERROR", object: { code: 410 } });
    const inTime = await follow(`resourceVersion=${Number(resourceVersion) + 1}`);
    expect(summary(await inTime.take(3))).toEqual(["ADDED c", "ADDED d", "ADDED e"]);
    fake.store.compact();
    const gone = await follow(`resourceVersion=${Number(resourceVersion) + 1}`);
    expect((await gone.ended())[0].object.reason).toBe("Expired");
  });

  test("lists an exact version below the window of the watches, until it is compacted", async () => {
    await create("a");
    const { resourceVersion } = json(await create("b")).metadata;
    await call(admin, `${configmaps}/a`, { method: "DELETE" });
    for (const name of ["c", "d", "e", "f"]) await create(name);
    const exact = `${configmaps}?resourceVersion=${resourceVersion}&resourceVersionMatch=Exact`;
    expect(names(json(await call(admin, exact)))).toEqual(["a", "b"]);
    const page = json(await call(admin, `${exact}&limit=1`));
    const rest = await call(admin, `${configmaps}?continue=${page.metadata.continue}`);
    expect(names(json(rest))).toEqual(["b"]);
    fake.store.compact();
    expect((await call(admin, exact)).status).toBe(410);
  });

  test("sends bookmarks to who asked, up to where the store is", async () => {
    const asking = await follow("resourceVersion=5&allowWatchBookmarks=true");
    fake.store.advance(10);
    const [bookmark] = await asking.take(1);
    expect(bookmark.object.metadata.resourceVersion).toBe(String(fake.store.revision));
  });

  test("comes back with its data on the same port", async () => {
    await create("a");
    const cut = await follow("resourceVersion=5");
    await fake.pause();
    await cut.ended();
    await expect(call(admin, configmaps)).rejects.toThrow();
    await fake.start();
    expect(names(json(await call(admin, configmaps)))).toEqual(["a"]);
  });

  test("refuses a WatchList as an apiserver without it", async () => {
    const older = await startFakeApiserver({ watchList: "off" });
    const endpoint = { url: older.url, token: older.adminToken };
    const query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
    const answer = await call(endpoint, `${configmaps}?${query}`);
    expect([answer.status, json(answer).reason]).toEqual([422, "Invalid"]);
    await older.stop();
  });
});
