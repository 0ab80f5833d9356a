import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import { type FakeApiserver, startFakeApiserver } from "../../src/testing/fake-apiserver.ts";
import type { Server } from "../http.ts";
import type { Link } from "./link.ts";
import { openNamespace } from "./namespace.ts";
import type { CaseName } from "./options.ts";
import { hasPassed } from "./outcome.ts";
import { runCase } from "./run-cases.ts";

/** What a proxy makes of the body that the apiserver has answered to a request. */
type Lie = (asked: string, body: string) => string | Response;

const source = {
  description: "none",
  read: async () => ({ cpuSeconds: undefined, rss: undefined }),
};

const honest: Lie = (_, body) => body;

function isList(asked: string): boolean {
  return /^GET .*labelSelector=/.test(asked) && !asked.includes("watch=1");
}

function isShown({ metadata }: { readonly metadata: { readonly name: string } }): boolean {
  return !metadata.name.startsWith("skip-");
}

describe("runCase", () => {
  let fake: FakeApiserver;
  let apiserver: Server;

  beforeAll(async () => {
    fake = await startFakeApiserver();
    apiserver = { url: fake.url, token: fake.adminToken };
  });

  afterAll(() => fake.stop());

  /** A proxy that forwards all but what it lies about; watches are passed line by line. */
  const startLiar = (lie: Lie) =>
    Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      idleTimeout: 0,
      fetch: async (request) => {
        const { pathname, search } = new URL(request.url);
        const headers = new Headers(request.headers);
        headers.set("authorization", `Bearer ${fake.adminToken}`);
        const { method, signal } = request;
        const body = method === "GET" ? undefined : await request.text();
        const init = { method, headers, signal, ...(body === undefined ? {} : { body }) };
        const response = await fetch(fake.url + pathname + search, init);
        const asked = `${method} ${pathname}${search}`;
        if (search.includes("watch=1")) return new Response(linesOf(response, asked, lie));
        const told = lie(asked, await response.text());
        return typeof told === "string" ? new Response(told, { status: response.status }) : told;
      },
    });

  /** What the case finds of such a proxy. */
  const find = async (name: CaseName, lie: Lie, link?: (cut: "cut" | "passing") => void) => {
    using liar = startLiar(lie);
    const { signal } = new AbortController();
    const namespace = await openNamespace(apiserver, undefined, signal);
    const target = { name: "liar", server: { url: liar.url.origin }, source, is: "proxy" } as const;
    const openLink = async (): Promise<Link> => ({
      description: "switch",
      cut: async () => link?.("cut"),
      restore: async () => link?.("passing"),
      connections: async () => undefined,
    });
    const settings = { durationSeconds: 0.4, concurrency: 2, openLink };
    const parts = { targets: [target], apiserver, namespace, settings, signal, tell: () => {} };
    const outcomes = await runCase(name, parts);
    await namespace.remove();
    const [outcome] = outcomes;
    if (outcome === undefined) throw new Error("no outcome");
    const failed = outcome.checks.filter(({ made, held }) => made !== held);
    return { outcome, failed: failed.map((check) => check.name) };
  };

  test.each(["func", "resource"] as const)("%s holds for who answers right", async (name) => {
    const { outcome } = await find(name, honest);
    expect(hasPassed(outcome), JSON.stringify(outcome.checks)).toBe(true);
  });

  test.each<[string, Lie, string[]]>([
    [
      "a list lacks an object",
      (asked, body) =>
        isList(asked) ? body.replace(/\{[^{}]*"name":"func-042".*?\}\},?/, "") : body,
      ["list: the items that the apiserver has"],
    ],
    [
      "a get shows what was before",
      (asked, body) => (/^GET .*func-/.test(asked) ? body.replace("patched", "pasted") : body),
      ["patch: seen by a get right after"],
    ],
    [
      "a write is answered with other contents",
      (asked, body) => (asked.startsWith("PUT") ? body.replace("updated", "outdated") : body),
      ["update: answered with what the apiserver has"],
    ],
    [
      "what is gone is still shown",
      (asked, body) =>
        /^GET .*func-/.test(asked) && body.includes("NotFound") ? Response.json({}) : body,
      ["delete: gone, as the apiserver says"],
    ],
    [
      "an event is changed on the way",
      (asked, body) => (asked.includes("watch=1") ? body.replace("DELETED", "MODIFIED") : body),
      ["watch: the events that the apiserver sends, in its order"],
    ],
    [
      "a get is no JSON",
      (asked, body) => (/^GET .*func-007/.test(asked) ? "<html>" : body),
      [
        "create: seen by a get right after",
        "get: what the apiserver answers",
        "update: seen by a get right after",
        "patch: seen by a get right after",
        "delete: gone, as the apiserver says",
      ],
    ],
  ])("func finds that %s", async (_, lie, checks) => {
    const { outcome, failed } = await find("func", lie);
    expect(outcome.error).toBeUndefined();
    expect(failed.toSorted()).toEqual(checks.toSorted());
  });

  test("filter finds what is shown, and takes who hides it", async () => {
    const shows = await find("filter", honest);
    expect(shows.failed).toEqual(["list: nothing named skip-…"]);
    const hides = await find("filter", (asked, body) => {
      if (!isList(asked)) return body;
      const list = JSON.parse(body);
      return JSON.stringify({ ...list, items: list.items.filter(isShown) });
    });
    expect(hides.failed).toEqual([]);
  });

  test("resource finds an answer that is not 200, and a list without an object", async () => {
    let lists = 0;
    const { failed, outcome } = await find("resource", (asked, body) => {
      if (!isList(asked)) return body;
      lists++;
      if (lists === 2) return new Response("busy", { status: 503 });
      return lists === 3 ? body.replace('"resource-500"', '"resource-501"') : body;
    });
    expect(failed).toEqual(["every list: the 1,000 that there are"]);
    expect(outcome.checks[0]?.failures.map(({ text }) => text)).toEqual([
      "503: busy",
      "1000 items, 999 names, of 1000",
    ]);
  });

  test("consistency takes who answers with the last state, and finds who does not", async () => {
    let link = "passing";
    let kept = "";
    const last: Lie = (asked, body) => {
      if (link === "cut") return isList(asked) ? kept : new Response("down", { status: 503 });
      if (isList(asked)) kept = body;
      return body;
    };
    const right = await find("consistency", last, (state) => (link = state));
    expect(right.failed).toEqual([]);
    const empty: Lie = (asked, body) =>
      link === "cut" && isList(asked) ? '{"items":[]}' : last(asked, body);
    const wrong = await find("consistency", empty, (state) => (link = state));
    expect(wrong.failed).toEqual(["list while cut: all 100, as the apiserver has them"]);
  });
});

async function* linesOf(response: Response, asked: string, lie: Lie): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  // A head is sent with the first byte.
  yield " ";
  for await (const chunk of response.body ?? []) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const told = lie(asked, line);
      yield `${typeof told === "string" ? told : line}\n`;
    }
  }
}
