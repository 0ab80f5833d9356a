import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";

import { configureLog } from "../log.ts";
import { settle } from "../testing/scripted-upstream.ts";
import type { OutageNews, UpstreamRequest } from "./apiserver.ts";
import { ClusterIdentity } from "./cluster-identity.ts";
import { rememberedHere } from "./known-before.ts";

let asked: UpstreamRequest[];
let answers: Response[];
let told: number;
let lines: string[];
let cluster: ClusterIdentity;
let tell: (news: OutageNews) => void;

const of = (uid: string) => Response.json({ kind: "PartialObjectMetadata", metadata: { uid } });
const refused = (code: number) => Response.json({}, { status: code });

async function fetchAnswer(request: UpstreamRequest): Promise<Response> {
  asked.push(request);
  const answer = answers.shift();
  if (answer === undefined) throw new Error("ECONNREFUSED");
  return answer;
}

function onOutage(listener: (news: OutageNews) => void): () => void {
  tell = listener;
  return () => undefined;
}

beforeEach(() => {
  jest.useFakeTimers({ now: 1_800_000_000_000 });
  [asked, answers, told, lines] = [[], [], 0, []];
  configureLog({ format: "text", verbosity: 0, write: (line) => lines.push(line) });
  const upstream = { fetch: fetchAnswer, onOutage };
  cluster = new ClusterIdentity(upstream, rememberedHere(), () => told++);
});

afterEach(() => {
  cluster.close();
  jest.useRealTimers();
  configureLog({ format: "text", verbosity: 0 });
});

async function check(answer: Response): Promise<string> {
  answers = [answer];
  cluster.check();
  await settle();
  return await cluster.checked;
}

const up: OutageNews = { is: "up", since: new Date(), lastedMs: 1 };

describe("ClusterIdentity", () => {
  test("asks once, by a small GET, and again after an outage", async () => {
    tell(up);
    expect(asked).toHaveLength(0);
    answers = [of("1"), of("1")];
    cluster.learn();
    cluster.learn();
    await settle();
    expect(asked.map(({ method, target }) => [method, target])).toEqual([
      ["GET", "/api/v1/namespaces/kube-system"],
    ]);
    tell(up);
    await settle();
    expect([asked.length, told, lines]).toEqual([2, 0, []]);
  });

  test("another uid is another cluster, told once in one line", async () => {
    await check(of("1"));
    expect(await check(of("2"))).toBe("answered");
    expect(await check(of("2"))).toBe("answered");
    expect([told, lines.length]).toEqual([1, 1]);
  });

  test.each([
    ["403", refused(403), "answered"],
    ["404", refused(404), "answered"],
    ["no uid", Response.json({}), "answered"],
    ["401", refused(401), "not answered"],
    ["503", refused(503), "not answered"],
  ])("%s says nothing", async (_, answer, expected) => {
    await check(of("1"));
    expect(await check(answer)).toBe(expected);
    expect([told, lines]).toEqual([0, []]);
  });

  test("asks again, later each time, while nothing answers", async () => {
    cluster.learn();
    await settle();
    expect(await cluster.checked).toBe("not answered");
    for (const wait of [1000, 2000]) {
      const before = asked.length;
      jest.advanceTimersByTime(wait - 1);
      await settle();
      expect(asked.length).toBe(before);
      jest.advanceTimersByTime(1);
      await settle();
      expect(asked.length).toBe(before + 1);
    }
    answers = [of("1")];
    jest.advanceTimersByTime(4000);
    await settle();
    expect(await cluster.checked).toBe("answered");
  });
});
