import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { call, expectStatus, json } from "../src/testing/contract-client.ts";
import { type FakeApiserver, startFakeApiserver } from "../src/testing/fake-apiserver.ts";
import { untilStored } from "./offline-disk.ts";
import { configMap, createAll, must, Node, sourceOf, untilCached } from "./offline-fixture.ts";

const configMaps = "/api/v1/namespaces/default/configmaps";

let fake: FakeApiserver;
let filled: Node;
let node: Node;
let kubeconfig: string;
let whole: string;

/** A kubeconfig whose user is this. */
function write(user: string): void {
  writeFileSync(
    kubeconfig,
    `apiVersion: v1
kind: Config
clusters: [{ name: fake, cluster: { server: "${fake.url}" } }]
users: [{ name: user, user: ${user} }]
contexts: [{ name: fake, context: { cluster: fake, user: user } }]
current-context: fake
`,
  );
}

const token = () => `{ token: ${fake.adminToken} }`;
const exec = (command: string) =>
  `{ exec: { apiVersion: client.authentication.k8s.io/v1, command: "${command}", interactiveMode: Never } }`;

/** A plugin that ends with an error. */
function failing(): string {
  const plugin = join(node.dir, "plugin");
  writeFileSync(plugin, "#!/bin/sh\necho 'no way to the cloud' >&2\nexit 1\n");
  chmodSync(plugin, 0o755);
  return plugin;
}

async function warnings(): Promise<readonly string[]> {
  const lines = (await node.output()).split("\n");
  return lines.filter((line) => line.includes(" WARN ") && !line.includes("go over http"));
}

beforeAll(async () => {
  fake = await startFakeApiserver();
  const direct = { url: fake.url, token: fake.adminToken };
  await createAll(direct, configMaps, [configMap("a", "x"), configMap("b", "x")]);
  filled = await Node.create({});
  kubeconfig = join(filled.dir, "kubeconfig");
  write(token());
  await filled.start(["--kubeconfig", kubeconfig]);
  await call(filled, configMaps);
  whole = (await untilCached(filled, configMaps)).text;
  await untilStored(filled.cacheDir, ["configmaps in default, json"], 1);
  await filled.end();
}, 30_000);

afterAll(async () => {
  await filled?.stop();
  await fake?.stop();
}, 30_000);

beforeEach(async () => {
  node = await Node.create({});
  kubeconfig = join(node.dir, "kubeconfig");
  mkdirSync(node.cacheDir);
  for (const name of readdirSync(filled.cacheDir))
    copyFileSync(join(filled.cacheDir, name), join(node.cacheDir, name));
  fake.faults.forget();
});

afterEach(() => node.stop(), 20_000);

describe("a start whose credentials cannot be read", () => {
  test.each([
    ["no file", () => rmSync(kubeconfig, { force: true }), "no such file"],
    ["no kubeconfig", () => writeFileSync(kubeconfig, "%%%"), "kubeconfig"],
    ["a client certificate that is not there", () => write("{ client-certificate: none }"), "none"],
    ["an exec plugin that is not there", () => write(exec("./none")), "no such program"],
    ["an exec plugin that fails", () => write(exec(failing())), "no way to the cloud"],
  ])(
    "%s: serves what is on disk, says so once, sends nothing, and goes on when they can",
    async (_, spoil, told) => {
      spoil();
      await node.start(["--kubeconfig", kubeconfig]);
      const answer = await must(node, configMaps);
      expect([sourceOf(answer), answer.text]).toEqual(["stale", whole]);
      const write503 = await call(node, configMaps, { method: "POST", body: configMap("c", "x") });
      expectStatus(write503, 503, { reason: "ServiceUnavailable" });
      expect(json(write503).message).toContain("no credentials yet");
      expect((await call({ url: node.adminUrl }, "/readyz?verbose")).text).toContain(
        "[-]credentials failed",
      );
      expect(await node.output()).not.toContain("127.0.0.1:0");
      expect(fake.faults.arrivals()).toEqual([]);
      const credentials = (await warnings()).filter((line) => line.includes(told));
      expect(credentials).toHaveLength(1);
      expect(credentials[0]).toContain("what is on disk is served");
      write(token());
      node.signal("SIGHUP");
      const back = await untilCached(node, configMaps, {}, 20);
      expect(back.text).toBe(whole);
      expect(
        fake.faults
          .arrivals({ verb: "watch" })
          .filter(({ query }) => query.includes("sendInitialEvents")),
      ).toEqual([]);
      expect((await warnings()).filter((line) => /another|identity|given up/.test(line))).toEqual(
        [],
      );
    },
    40_000,
  );

  test("an exec plugin that takes its time is not waited for", async () => {
    const plugin = join(node.dir, "plugin");
    const said = `{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"${fake.adminToken}"}}`;
    const file = join(node.dir, "go");
    writeFileSync(
      plugin,
      `#!/bin/sh\nwhile [ ! -e ${file} ]; do sleep 0.1; done; echo '${said}'\n`,
    );
    chmodSync(plugin, 0o755);
    write(exec(plugin));
    await node.start(["--kubeconfig", kubeconfig]);
    expect(sourceOf(await must(node, configMaps))).toBe("stale");
    expect(fake.faults.arrivals()).toEqual([]);
    writeFileSync(file, "");
    expect((await untilCached(node, configMaps, {}, 20)).text).toBe(whole);
  }, 40_000);

  test("is refused where nothing is on disk", async () => {
    rmSync(node.cacheDir, { recursive: true });
    await expect(node.start(["--kubeconfig", kubeconfig])).rejects.toThrow(
      "ended before it served",
    );
  });
});
