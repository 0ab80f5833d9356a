import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import { waitUntil } from "../src/testing/child-process.ts";
import {
  call,
  callBytes,
  type Endpoint,
  type Loose,
  type Watch,
  watch,
} from "../src/testing/contract-client.ts";
import { type Apiserver, findAssets, startApiserver } from "../src/testing/envtest.ts";
import { Random } from "./model/random.ts";
import { listVersion, storedVersions } from "./offline-disk.ts";
import { binary, configMap, exactly, type Link, must, Node, startLink } from "./offline-fixture.ts";

const assets = findAssets();
/** `EDGE_PROXY_KILLS=100` for longer. */
const kills = Number(process.env["EDGE_PROXY_KILLS"] ?? 30);
const seed = Number(process.env["EDGE_PROXY_SEED"] ?? Date.now() % 1_000_000);
const everywhere = "/api/v1/configmaps";
const inStorm = "/api/v1/namespaces/storm/configmaps";
const protobuf = { headers: { Accept: "application/vnd.kubernetes.protobuf" } };
const shown = [
  [everywhere, "configmaps, json", {}],
  [inStorm, "configmaps in storm, protobuf", protobuf],
] as const;
/** One start in so many finds no apiserver: to see that it is back takes a second. */
const offlineEvery = 5;
const quietMs = 60;
const flushMs = 100;
/** A flush takes a moment, on a busy machine. */
const flushSlackMs = 500;
const longestMs = 450;

/** Writes around the proxy, some at a time, until it is told to end. */
class Storm {
  readonly #direct: Endpoint;
  readonly #random = new Random(seed);
  #isOver = false;
  #done: Promise<unknown> = Promise.resolve();

  constructor(direct: Endpoint) {
    this.#direct = direct;
  }

  begin(): void {
    this.#isOver = false;
    this.#done = Promise.all(["a", "b", "c"].map((writer) => this.#write(writer)));
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#done;
  }

  async #write(writer: string): Promise<void> {
    while (!this.#isOver) {
      const name = `${writer}-${this.#random.below(40)}`;
      const value = "x".repeat(1 + this.#random.below(4000));
      const body = configMap(name, "storm", value);
      const created = await call(this.#direct, inStorm, { method: "POST", body });
      if (created.status !== 409) continue;
      if (this.#random.chance(0.3))
        await call(this.#direct, `${inStorm}/${name}`, { method: "DELETE" });
      else await call(this.#direct, `${inStorm}/${name}`, { method: "PUT", body });
    }
  }
}

if (assets === undefined) {
  describe("kill -9 in a storm of writes", () => {
    test.skip("no kube-apiserver was found", () => {});
  });
} else {
  describe(`kill -9 in a storm of writes (EDGE_PROXY_SEED=${seed})`, () => {
    let apiserver: Apiserver;
    let direct: Endpoint;
    let link: Link;
    let node: Node;

    beforeAll(async () => {
      apiserver = await startApiserver({ assets, flags: ["--max-requests-inflight=1000"] });
      direct = { url: apiserver.url, ca: apiserver.ca, token: apiserver.adminToken };
      link = await startLink(apiserver.port);
      node = await Node.create({
        kubeconfig: apiserver.kubeconfig,
        server: `https://127.0.0.1:${link.port}`,
        flags: ["--disk-flush", `${flushMs}ms`],
      });
      const body = { metadata: { name: "storm" } };
      await must(direct, "/api/v1/namespaces", { method: "POST", body });
      await node.start();
      for (const [path, scope, options] of shown) {
        for (let count = 0; count < 2; count++) await callBytes(node, path, options);
        await waitUntil("it is on disk", () => storedVersions(node.cacheDir).has(scope));
      }
    }, 60_000);

    afterAll(async () => {
      await node?.stop();
      await link?.cut();
      await apiserver?.stop();
    }, 30_000);

    /** Each list is the apiserver's own of that moment, byte for byte, and not older than what was on disk. */
    const expectKept = async (stored: ReadonlyMap<string, number>): Promise<string> => {
      let reached = "";
      for (const [path, scope, options] of shown) {
        const list = await callBytes(node, `${path}?resourceVersion=0`, options);
        expect(list.status).toBe(200);
        expect(["stale", "cache"]).toContain(list.headers.get("x-edge-proxy") ?? "");
        const resourceVersion = listVersion(list.bytes, options === protobuf ? "protobuf" : "json");
        expect(Number(resourceVersion)).toBeGreaterThanOrEqual(stored.get(scope) ?? 0);
        const theirs = await callBytes(direct, exactly(path, resourceVersion), options);
        expect(list.bytes.equals(theirs.bytes)).toBe(true);
        if (path === everywhere) reached = resourceVersion;
      }
      return reached;
    };

    /** What each scope shows now, and has on disk when the flush is over. */
    const untilFlushed = async (): Promise<ReadonlyMap<string, number>> => {
      const shownNow = new Map<string, number>();
      for (const [path, scope, options] of shown) {
        const { bytes } = await callBytes(node, `${path}?resourceVersion=0`, options);
        const version = listVersion(bytes, options === protobuf ? "protobuf" : "json");
        shownNow.set(scope, Number(version));
      }
      await Bun.sleep(flushMs + flushSlackMs);
      return shownNow;
    };

    /** Online again: who watched before gets what it has missed, each event once, and goes on. */
    const expectResumed = async (ours: Watch, theirs: Watch): Promise<void> => {
      const end = crypto.randomUUID();
      const body = configMap(`end-${end}`, "end");
      await must(direct, inStorm, { method: "POST", body });
      const isOver = (each: Watch) => changes(each).at(-1)?.object.metadata.name === `end-${end}`;
      await waitUntil("the apiserver has told all", () => isOver(theirs));
      await waitUntil("we have told all", () => isOver(ours), 20).catch((error: unknown) => {
        throw new Error(`${String(error)}; ${describeGap(changes(ours), changes(theirs))}`);
      });
      expect(describeGap(changes(ours), changes(theirs))).toBe("equal");
      await must(direct, `${inStorm}/end-${end}`, { method: "DELETE" });
    };

    test(
      `loses nothing that was on disk, invents nothing, starts each time: ${kills} times`,
      async () => {
        const random = new Random(seed + 1);
        const storm = new Storm(direct);
        for (let count = 0; count < kills; count++) {
          storm.begin();
          await Bun.sleep(quietMs + random.below(longestMs));
          const isOffline = count % offlineEvery === 0;
          const stored = isOffline ? await untilFlushed() : storedVersions(node.cacheDir);
          await node.kill();
          await storm.end();
          if (isOffline) await link.cut();
          await node.start();
          const resourceVersion = await expectKept(stored);
          const since = `${everywhere}?watch=1&resourceVersion=${resourceVersion}`;
          const ours = await watch(node, since);
          const theirs = await watch(direct, since);
          if (isOffline) await link.restore();
          await expectResumed(ours, theirs);
          for (const each of [ours, theirs]) each.close();
        }
        const verify = Bun.spawn([binary, "cache", "verify", "--disk-cache-path", node.cacheDir]);
        expect(await new Response(verify.stdout).text()).toBe(
          "2 scopes, all as they were written\n",
        );
      },
      kills * 4000,
    );
  });
}

function changes({ events }: Watch): readonly Loose[] {
  return events.filter(({ type }) => type !== "BOOKMARK");
}

function show(event: Loose): string {
  if (event === undefined) return "nothing";
  const { name, resourceVersion } = event.object.metadata;
  return `${event.type} ${name}@${resourceVersion}`;
}

/** Where the two part. */
function describeGap(ours: readonly Loose[], theirs: readonly Loose[]): string {
  const at = theirs.findIndex((each, index) => !Bun.deepEquals(each, ours[index]));
  if (at === -1 && ours.length === theirs.length) return "equal";
  return `at ${at} of ${theirs.length}: ${show(ours[at])}, not ${show(theirs[at])}; we have ${ours.length}`;
}
