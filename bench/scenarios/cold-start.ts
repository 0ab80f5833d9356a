import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { freePort } from "../../src/testing/child-process.ts";
import type { Bench, Scenario } from "../bench.ts";
import { demand } from "../http.ts";
import { large, listPath } from "../objects.ts";
import { readMemory } from "../process-usage.ts";
import { during } from "../progress.ts";
import { atMost, measure, note, type Result } from "../result.ts";
import { type StartUp, startUp } from "../start-up.ts";
import { fillScope } from "./memory.ts";

const starts = 5;
/** What is filled is on disk some time after it is in memory. */
const writtenMs = 5000;
const settleMs = 6000;

export const coldStart: Scenario = {
  name: "cold-start",
  help: "10,000 objects of 5 KB on disk and no apiserver: from the start of the process to the end of its first LIST, and what it then takes of memory.",
  run: async (bench) => {
    await bench.populate(large);
    const path = listPath(large.namespace);
    const wireBytes = (await demand(bench.apiserver, path)).length;
    const folder = await mkdtemp(join(tmpdir(), "edge-proxy-cold-start-"));
    bench.defer(() => rm(folder, { recursive: true, force: true }));
    const first = await bench.startProxy({ diskCachePath: folder });
    await demand(first, "/api/v1/namespaces/default");
    const idle = readMemory(first.pid);
    await fillScope(bench, first, path);
    await during("writing it to disk", () => Bun.sleep(writtenMs));
    await first.stop();
    // There is none in this scenario: what it still does is not the proxy's to wait for.
    bench.placeApiserver("client");
    const times: number[] = [];
    for (let at = 1; at < starts; at++) {
      const started = await begin(bench, folder, path);
      times.push(started.firstAnswerMs);
      await started.stop();
    }
    const last = await begin(bench, folder, path);
    times.push(last.firstAnswerMs);
    bench.defer(() => last.stop());
    await Bun.sleep(settleMs);
    const { anonymous } = readMemory(last.pid);
    const sorted = times.toSorted((a, b) => a - b);
    const over = (anonymous - idle.anonymous) / wireBytes;
    return [
      measure(`start to first LIST, median of ${starts}`, median(sorted), "ms", atMost(400)),
      measure("start to first LIST, slowest", sorted.at(-1) ?? Number.NaN, "ms"),
      measure("anonymous over idle, to wire bytes", over, "×", atMost(1.35)),
      note(`${wireBytes} bytes on the wire; ${(anonymous / 1e6).toFixed(1)} MB anonymous`),
    ] satisfies readonly Result[];
  },
};

/** Without an apiserver: nobody listens at that port. */
async function begin(bench: Bench, diskCachePath: string, path: string): Promise<StartUp> {
  const { kubeconfig } = bench.apiserver;
  const binary = bench.options.proxyBinary;
  const server = `https://127.0.0.1:${freePort()}`;
  return await bench.pinning.bear("server", () =>
    startUp({ kubeconfig, binary, server, diskCachePath, path }),
  );
}

function median(sorted: readonly number[]): number {
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
