import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type ProxyProcess, startProxy } from "../src/testing/proxy-process.ts";
import {
  type PlainUpstream,
  type RawAnswer,
  sendRaw,
  startPlainUpstream,
} from "./forward-fixture.ts";

let upstream: PlainUpstream;
let proxy: ProxyProcess;
let host: string;
let folder: string;
let socketPath: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "edge-proxy-raw-path-"));
  socketPath = join(folder, "proxy.sock");
  upstream = await startPlainUpstream((_, response) => void response.end("ok"));
  const flags = ["--bind-socket", socketPath, "--shutdown-grace", "1s"];
  proxy = await startProxy({ server: upstream.url, flags });
  host = new URL(proxy.url).host;
}, 30_000);

afterAll(async () => {
  await proxy?.stop();
  upstream?.stop();
  await rm(folder, { recursive: true, force: true });
}, 20_000);

const configmaps = "/api/v1/namespaces/victim/configmaps";
const deep = `/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o`;

function send(method: string, target: string, lines: readonly string[] = []): Promise<RawAnswer> {
  const head = `${method} ${target} HTTP/1.1`;
  return sendRaw(proxy.url, [head, `Host: ${host}`, ...lines]);
}

describe("a path that a URL parser would rewrite", () => {
  const refused = [
    `${configmaps}/..`,
    `${configmaps}/../`,
    `${configmaps}/..//`,
    `${configmaps}/%2e%2e`,
    `${configmaps}/%2E.`,
    `${configmaps}/.%2e?dryRun=All`,
    `${configmaps}/.`,
    `${configmaps}/./a`,
    `${configmaps}/a\\..`,
    `${configmaps}/a\\b%5Cc`,
    `${configmaps}\\..\\pods`,
    `${configmaps}//..`,
    `${configmaps}//../`,
    `${configmaps}//x/..`,
    `${configmaps}//../../secrets/a`,
    `${configmaps}/%zz/..`,
    `${configmaps}/%ff/..`,
    `${configmaps}/a#b`,
    `${configmaps}/a?b#c`,
    "/..",
    "/.",
    "//..",
    "//../api",
    `http://elsewhere${configmaps}/..`,
    `${deep}/p/..`,
    `${deep}/p/q/../..`,
    `${deep}/p/../../q/r/s`,
    `${deep}/p/q/../../s/t`,
  ];
  test.each(["GET", "DELETE", "POST"].flatMap((method) => refused.map((path) => [method, path])))(
    "is refused: %s %s",
    async (method, target) => {
      const before = upstream.arrivals.length;
      const answer = await send(method, target);
      expect([answer.status, answer.headers.get("x-edge-proxy")]).toEqual([400, "reject"]);
      expect(JSON.parse(answer.body.toString())).toMatchObject({
        kind: "Status",
        reason: "BadRequest",
        code: 400,
      });
      expect(upstream.arrivals.length).toBe(before);
    },
  );

  test.each([`${configmaps}/..`, `${configmaps}/a\\..`, `${deep}/p/q/..`, "//x/.."])(
    "is refused without a usable Host: %s",
    async (target) => {
      for (const head of [
        [`DELETE ${target} HTTP/1.0`],
        [`DELETE ${target} HTTP/1.1`, "Host: a b"],
      ]) {
        const answer = await sendRaw(proxy.url, [...head, "Authorization: Bearer t"]);
        expect(answer.status).toBe(400);
      }
    },
  );

  test("is refused in protobuf to who asks for that", async () => {
    const type = "application/vnd.kubernetes.protobuf";
    const answer = await send("DELETE", `${configmaps}/..`, [`Accept: ${type}`]);
    expect([answer.status, answer.headers.get("content-type")]).toEqual([400, type]);
  });

  test("is refused over the unix socket, where others pass", async () => {
    const statuses: string[] = [];
    for (const target of [`${configmaps}/..`, `${configmaps}/a`]) {
      const socket = connect(socketPath);
      socket.write(`PUT ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
      const chunks: Buffer[] = [];
      for await (const chunk of socket) chunks.push(chunk as Buffer);
      statuses.push(Buffer.concat(chunks).toString().slice(9, 12));
    }
    expect(statuses).toEqual(["400", "200"]);
  });
});

describe("a path that is only odd", () => {
  test.each([
    "/",
    "//",
    "//a",
    "/a/",
    "/a//",
    "/a///",
    "/a//b",
    "/a//b//c/",
    "/a/...",
    "/a/.b",
    "/a/..b",
    "/a/b..",
    "/a%2Fb",
    "/a/%2f..",
    "/a/..%2fb",
    "/a/%5C..%5cb",
    "/a/%00",
    "/a/%252e%252e",
    "/a/%zz",
    "/a/%",
    "/a/%f",
    "/a/%ff%FE",
    "/a/%c3%28%E0%80%80%ed%a0%80",
    "/a//%ff/b",
    "/a/%C3%BC//b",
    "/a/;x=1/+/b+c",
    "/a/*",
    "/:p1/:p2",
    "/a/[]^|'!$&()~",
    `/a/"<>{}\``,
    `/a?b='"<>{}\`^|\\`,
    "/a/b?x=/../..&y=%5C&z=\\..\\",
    "/a/?/../",
    `${deep}/p`,
    `${deep}/p/`,
    `${deep}/p/q`,
    `${deep}/%2F+%C3%BC%5C/q/r/s/t`,
    `${deep}/p//q/`,
  ])("goes on byte for byte: %s", async (target) => {
    for (const method of ["GET", "DELETE"]) {
      const answer = await send(method, target);
      expect([answer.status, answer.body.toString()]).toEqual([200, "ok"]);
      expect(upstream.arrivals.at(-1)!.target).toBe(target);
    }
  });

  test("goes on without a Host", async () => {
    const answer = await sendRaw(proxy.url, ["GET /a%5Cb/ HTTP/1.0", "Authorization: Bearer t"]);
    expect([answer.status, upstream.arrivals.at(-1)!.target]).toEqual([200, "/a%5Cb/"]);
  });
});
