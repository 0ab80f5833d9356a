import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";

import { call, type Endpoint } from "../../src/testing/contract-client.ts";
import {
  type ContractUpstream,
  startContractUpstream,
} from "../../src/testing/contract-upstream.ts";
import { type ProxyProcess, startProxy } from "../../src/testing/proxy-process.ts";
import { connectTo } from "../forward-fixture.ts";

const configMaps = "/api/v1/namespaces/default/configmaps";
const protobuf = "application/vnd.kubernetes.protobuf;stream=watch";

let upstream: ContractUpstream;
let direct: Endpoint;
let plain: ProxyProcess;
let ruled: ProxyProcess;

beforeAll(async () => {
  upstream = await startContractUpstream();
  const { kubeconfig } = upstream;
  direct = upstream;
  plain = await startProxy({ kubeconfig });
  ruled = await startProxy({ kubeconfig });
  await ruled.stop();
  const config = join(plain.dir, "rules.yaml");
  await Bun.write(
    config,
    "rules:\n  - name: no-drafts\n    match: { resources: [configmaps] }\n    hide: { namePrefix: draft- }\n",
  );
  ruled = await startProxy({ kubeconfig, flags: ["--config", config] });
}, 90_000);

afterAll(async () => {
  await ruled?.stop();
  await plain?.stop();
  await upstream?.stop();
}, 30_000);

let count = 0;

/** Opens a watch in which nothing happens, and gives when its head and its first byte came, in milliseconds, and all bytes so far. */
async function openQuiet(proxy: ProxyProcess, query: string, lines: readonly string[]) {
  const socket = await connectTo(proxy.url);
  const began = performance.now();
  const came: { text: string; headMs?: number; byteMs?: number } = { text: "" };
  socket.on("error", () => undefined);
  socket.on("data", (bytes: Buffer) => {
    came.text += bytes.toString("latin1");
    const at = came.text.indexOf("\r\n\r\n");
    if (at !== -1) came.headMs ??= performance.now() - began;
    if (at !== -1 && came.text.length > at + 4) came.byteMs ??= performance.now() - began;
  });
  const head = [`GET ${configMaps}?watch=1&${query} HTTP/1.1`, "Host: localhost", ...lines];
  socket.write(`${head.join("\r\n")}\r\n\r\n`);
  const until = async (isThere: () => boolean) => {
    while (!isThere() && performance.now() - began < 10_000) await Bun.sleep(1);
  };
  return { socket, came, until };
}

/** The body's bytes, without the chunks' sizes. */
function bodyOf(text: string): Buffer {
  let rest = Buffer.from(text.slice(text.indexOf("\r\n\r\n") + 4), "latin1");
  const chunks: Buffer[] = [];
  for (;;) {
    const line = rest.indexOf("\r\n");
    const length =
      line === -1 ? Number.NaN : Number.parseInt(rest.subarray(0, line).toString(), 16);
    if (!(length > 0) || rest.length < line + 2 + length) return Buffer.concat(chunks);
    chunks.push(rest.subarray(line + 2, line + 2 + length));
    rest = rest.subarray(line + 4 + length);
  }
}

async function latest(): Promise<string> {
  const { text } = await call(direct, `${configMaps}?limit=1`);
  return JSON.parse(text).metadata.resourceVersion;
}

const own: readonly string[] = [];
const asCaller = () => [`Authorization: Bearer ${upstream.token}`];

// CONTRACT 13: the head is there although nothing happens; a byte that every body begins with follows.
describe("a watch in which nothing happens has its head at once, and a byte after 50 ms", () => {
  const ways: readonly [string, () => ProxyProcess, () => readonly string[]][] = [
    ["from a scope, or while it fills", () => plain, () => own],
    ["that is forwarded", () => plain, asCaller],
    ["under rules, from a scope", () => ruled, () => own],
    ["under rules, forwarded", () => ruled, asCaller],
  ];
  const formats: readonly [string, string, number][] = [
    ["JSON", "application/json", 0x20],
    ["protobuf", protobuf, 0],
  ];
  const cases = ways.flatMap(([way, proxy, lines]) =>
    formats.map(([name, accept, first]) => ({ way, proxy, lines, name, accept, first })),
  );

  test.each(cases)(
    "$name $way",
    async ({ proxy, lines, accept, first }) => {
      const query = `resourceVersion=${await latest()}&fieldSelector=metadata.name%3Dh${count++}`;
      const name = `h${count - 1}`;
      const { socket, came, until } = await openQuiet(proxy(), query, [
        `Accept: ${accept}`,
        ...lines(),
      ]);
      await until(() => came.byteMs !== undefined);
      expect(came.text).toStartWith("HTTP/1.1 200 OK\r\n");
      expect([...bodyOf(came.text)]).toEqual([first]);
      await call(direct, configMaps, {
        method: "POST",
        body: { kind: "ConfigMap", apiVersion: "v1", metadata: { name } },
      });
      const isWhole = () => bodyOf(came.text).length > 20 && came.text.includes(name);
      await until(isWhole);
      const body = bodyOf(came.text);
      if (first === 0x20) expect(JSON.parse(body.toString()).object.metadata.name).toBe(name);
      else {
        // One frame, whose length is that of what follows it.
        expect(body.readUInt32BE(0)).toBe(body.length - 4);
        expect(body.toString("latin1")).toContain("ADDED");
      }
      socket.destroy();
    },
    20_000,
  );

  // HTTP/2 cannot carry such a head in one frame.
  test("and so has one whose target has 109 KB", async () => {
    const query = `resourceVersion=${await latest()}&timeoutSeconds=1&x=${"a".repeat(109 << 10)}`;
    for (const lines of [own, asCaller()]) {
      const { socket, came, until } = await openQuiet(plain, query, lines);
      await until(() => came.headMs !== undefined);
      expect(came.text).toStartWith("HTTP/1.1 200 OK\r\n");
      socket.destroy();
    }
  }, 20_000);

  test("an event that comes at once is whole, without a byte before it", async () => {
    const name = `now${count++}`;
    await call(direct, configMaps, {
      method: "POST",
      body: { kind: "ConfigMap", apiVersion: "v1", metadata: { name } },
    });
    const query = `resourceVersion=0&fieldSelector=metadata.name%3D${name}`;
    const { socket, came, until } = await openQuiet(plain, query, [`Accept: ${protobuf}`]);
    await until(() => came.text.includes("ADDED"));
    const body = bodyOf(came.text);
    expect(body.readUInt32BE(0)).toBe(body.length - 4);
    socket.destroy();
  }, 20_000);
});
