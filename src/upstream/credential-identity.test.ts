import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";

import { configureLog } from "../log.ts";
import { credentialsFor } from "../testing/credentials.ts";
import { settle } from "../testing/scripted-upstream.ts";
import type { UpstreamRequest } from "./apiserver.ts";
import { CredentialIdentity } from "./credential-identity.ts";
import { readSubject } from "./credential-subject.ts";
import type { Credentials } from "./credentials.ts";
import { type KnownBefore, rememberedHere } from "./known-before.ts";

let asked: UpstreamRequest[];
let answers: Response[];
let told: string[];
let lines: string[];
let identity: CredentialIdentity;
let left: KnownBefore;
let change: (server?: string) => void;

const review = (username: string, more: object = {}) =>
  Response.json(
    { status: { userInfo: { username, groups: ["b", "a"], ...more } } },
    { status: 201 },
  );

async function fetchAnswer(request: UpstreamRequest): Promise<Response> {
  asked.push(request);
  const answer = answers.shift();
  if (answer === undefined) throw new Error("ECONNREFUSED");
  return answer;
}

function tell(what: string): void {
  told.push(what);
}

function open(): void {
  const credentials = credentialsFor("https://one");
  const source = {
    current: () => credentials,
    onChange: (listener: (changed: Credentials) => void) => {
      change = (server = "https://one") => listener({ ...credentials, server });
    },
  };
  identity = new CredentialIdentity({ fetch: fetchAnswer }, source, tell, left);
}

beforeEach(() => {
  jest.useFakeTimers({ now: 1_800_000_000_000 });
  [asked, answers, told, lines] = [[], [], [], []];
  configureLog({ format: "text", verbosity: 0, write: (line) => lines.push(line) });
  left = rememberedHere();
  open();
});

afterEach(() => {
  identity.close();
  jest.useRealTimers();
  configureLog({ format: "text", verbosity: 0 });
});

/** Learns by the first answer, changes the credentials, and gets the second. */
async function changed(first: Response, second: Response): Promise<void> {
  answers = [first, second];
  identity.learn();
  await settle();
  change();
  await settle();
}

describe("CredentialIdentity", () => {
  test("asks nothing until somebody wants to know, and then once", async () => {
    change();
    await settle();
    expect(asked).toHaveLength(0);
    answers = [review("node")];
    identity.learn();
    identity.learn();
    await settle();
    expect(asked.map(({ method, target, identity: as }) => [method, target, as])).toEqual([
      ["POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", "own"],
    ]);
    expect([told, lines]).toEqual([[], []]);
  });

  test.each([
    ["the same", review("node")],
    ["groups in another order", review("node", { groups: ["a", "b"] })],
    [
      "another credential-id",
      review("node", { extra: { "authentication.kubernetes.io/credential-id": ["JTI=2"] } }),
    ],
  ])("%s: nothing is told", async (_, second) => {
    await changed(review("node"), second);
    expect([asked.length, told, lines]).toEqual([2, [], []]);
  });

  test.each([
    ["name", review("other"), "belong to other, not node:"],
    ["uid", review("node", { uid: "2" }), "belong to node, with other rights:"],
    ["groups", review("node", { groups: ["a"] }), "belong to node, with other rights:"],
    ["extra", review("node", { extra: { scopes: ["x"] } }), "belong to node, with other rights:"],
  ])("another %s is another identity, told once", async (_, second, line) => {
    await changed(review("node"), second);
    expect(told).toEqual(["identity"]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(line);
  });

  test.each([
    ["the same", review("node"), []],
    ["another", review("other"), ["identity"]],
  ] as const)("after a start with what %s identity has left", async (_, answer, expected) => {
    left.learned(JSON.stringify(["node", "", ["a", "b"], []]));
    answers = [answer];
    identity.learn();
    await settle();
    await identity.settled;
    expect(told).toEqual([...expected]);
    expect(lines).toHaveLength(expected.length);
  });

  test("another server is told before anybody answers", async () => {
    answers = [review("node")];
    identity.learn();
    await settle();
    change("https://two");
    expect(told).toEqual(["server"]);
    answers = [review("node")];
    await settle();
    expect(told).toEqual(["server"]);
  });

  test.each([[403], [404]])(
    "a review that is refused with %d is one line, and all goes on",
    async (code) => {
      const refused = () => Response.json({}, { status: code });
      await changed(refused(), refused());
      answers = [refused()];
      change();
      await settle();
      expect(told).toEqual([]);
      expect(lines).toHaveLength(1);
      expect(lines[0]).toContain(`upstream answered ${code} to a SelfSubjectReview`);
    },
  );

  test.each([
    ["nothing answers", undefined],
    ["401", Response.json({}, { status: 401 })],
    ["500", Response.json({}, { status: 500 })],
  ])("while %s it asks again, later each time", async (_, answer) => {
    answers = [review("node")];
    identity.learn();
    await settle();
    answers = answer === undefined ? [] : [answer];
    change();
    await settle();
    for (const wait of [1000, 2000]) {
      const before = asked.length;
      jest.advanceTimersByTime(wait - 1);
      await settle();
      expect(asked.length).toBe(before);
      jest.advanceTimersByTime(1);
      await settle();
      expect(asked.length).toBe(before + 1);
    }
    answers = [review("other")];
    jest.advanceTimersByTime(4000);
    await settle();
    expect(told).toEqual(["identity"]);
  });

  test("an answer about credentials that are not in use any more counts for nothing", async () => {
    answers = [review("node")];
    identity.learn();
    await settle();
    answers = [review("other"), review("node")];
    change();
    change();
    await settle();
    expect(told).toEqual([]);
  });

  test("who they were is not known: it says so, and knows it the next time", async () => {
    identity.learn();
    await settle();
    answers = [review("node"), review("other")];
    change();
    await settle();
    expect(lines[0]).toContain("it was not known whose they were before");
    change();
    await settle();
    expect(told).toEqual(["identity"]);
  });
});

describe("readSubject", () => {
  test.each([[undefined], [{}], [{ status: {} }], [{ status: { userInfo: { uid: "1" } } }]])(
    "%j is nobody",
    (answer) => expect(readSubject(answer)).toBeUndefined(),
  );
});
