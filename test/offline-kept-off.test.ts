import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { call, json, names } from "../src/testing/contract-client.ts";
import { type FakeApiserver, startFakeApiserver } from "../src/testing/fake-apiserver.ts";
import { bytesIn, storedVersions, untilKept, untilStored, warnings } from "./offline-disk.ts";
import {
  configMap,
  createAll,
  createNamespaces,
  kubeconfigText,
  must,
  Node,
  untilCached,
} from "./offline-fixture.ts";

const secrets = "/api/v1/namespaces/default/secrets";
const secretsElsewhere = "/api/v1/namespaces/elsewhere/secrets";
const configMaps = "/api/v1/namespaces/default/configmaps";
const stored = ["secrets in default, json", "configmaps in default, json"];
const rounds = 40;

let fake: FakeApiserver;
let node: Node;

beforeEach(async () => {
  fake = await startFakeApiserver();
  const direct = { url: fake.url, token: fake.adminToken };
  await createNamespaces(direct, ["elsewhere"]);
  await createAll(direct, secrets, [secret("a", 0), secret("b", 0)]);
  await createAll(direct, secretsElsewhere, [secret("c", 0)]);
  await createAll(direct, configMaps, [configMap("plain", "x")]);
  node = await Node.create({ flags: ["--disk-flush", "20ms"] });
  writeFileSync(join(node.dir, "kubeconfig"), kubeconfigText(fake.url, fake.adminToken));
});

afterEach(async () => {
  await node?.stop();
  await fake?.stop();
}, 20_000);

/** What every secret of these tests holds, of any round. */
const needle = "c2VjcmV0LW5lZWRsZS";

function secret(name: string, round: number) {
  const data = { key: `${needle}${Buffer.from(`!!${round}`.padEnd(900, "x")).toString("base64")}` };
  return { apiVersion: "v1", kind: "Secret", metadata: { name }, data };
}

const start = (...flags: readonly string[]) =>
  node.start(["--kubeconfig", join(node.dir, "kubeconfig"), ...flags]);

/** A start that keeps secrets has them on disk: as a scope, as answers, and what they were before they were changed. */
async function keepSecrets(): Promise<void> {
  await start("--no-disk-resources", "nothing");
  await must(node, secretsElsewhere);
  await untilKept(node.cacheDir, `"${secretsElsewhere}"`);
  await must(node, "/version");
  await untilKept(node.cacheDir, '"/version"');
  for (const path of [configMaps, secrets]) {
    await call(node, path);
    await untilCached(node, path);
  }
  let version = 0;
  for (let round = 1; round < rounds; round++) {
    const changed = await must(node, `${secrets}/a`, { method: "PUT", body: secret("a", round) });
    version = Number(json(changed).metadata.resourceVersion);
  }
  await untilStored(node.cacheDir, stored.slice(0, 1), version);
  expect((await bytesIn(node.cacheDir)).includes(needle)).toBe(true);
}

describe("what --no-disk-resources names", () => {
  test.each([
    ["a clean stop", () => node.end()],
    ["a kill", () => node.kill()],
  ])(
    "is gone from the folder, byte for byte, after the next start, when %s was before it",
    async (_, stop) => {
      await keepSecrets();
      await stop();
      const aside = join(node.cacheDir, "cache.db.bad-20200101T000000.000Z");
      writeFileSync(aside, `of an earlier day: ${needle}`);
      await fake.pause();
      await start();
      expect((await bytesIn(node.cacheDir)).includes(needle)).toBe(false);
      for (const path of [secrets, `${secrets}/a`, secretsElsewhere])
        expect((await call(node, path)).status).toBe(503);
      expect(names(json(await must(node, configMaps)))).toEqual(["plain"]);
      expect((await must(node, "/version")).status).toBe(200);
      expect([...storedVersions(node.cacheDir).keys()]).toEqual(stored.slice(1));
      await fake.start();
      await untilCached(node, configMaps);
      await untilCached(node, secrets);
      const told = await node.output();
      expect(told.split("\n").filter((line) => line.includes("--no-disk-resources"))).toHaveLength(
        1,
      );
      expect((await warnings(node)).filter((line) => line.includes("disk store"))).toEqual([]);
      expect(await node.end()).toBe(0);
      expect((await bytesIn(node.cacheDir)).includes(needle)).toBe(false);
    },
    40_000,
  );
});
