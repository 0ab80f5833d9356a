import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { startChildProcess, waitUntil } from "../src/testing/child-process.ts";
import type { BenchApiserver } from "./apiserver.ts";

/** A process that does the least that Bun can do: what a proxy on Bun can reach at best. */
export interface BareServer {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Answers these bytes by Bun.serve. */
export function startBlobServer(bytes: Uint8Array): Promise<BareServer> {
  return start("static-server.ts", bytes);
}

/** Sends each request on to the apiserver by fetch, and its answer back. */
export function startForwardServer({ url, ca, token }: BenchApiserver): Promise<BareServer> {
  return start("forward-server.ts", JSON.stringify({ url, ca, token }));
}

/** Runs a file of this folder with the name of one that holds the input; the first line that it prints is its URL. */
async function start(script: string, input: Uint8Array | string): Promise<BareServer> {
  const dir = await mkdtemp(join(tmpdir(), "edge-proxy-bare-"));
  await Bun.write(join(dir, "input"), input);
  const main = join(import.meta.dir, script);
  const child = startChildProcess([process.execPath, "--smol", main, join(dir, "input")], {
    logFile: join(dir, "output.log"),
  });
  const firstLine = async () => (await child.tail()).split("\n")[0] ?? "";
  await waitUntil(`${script} listens`, async () => (await firstLine()).startsWith("http"), 5);
  return {
    url: await firstLine(),
    pid: child.pid,
    stop: async () => {
      await child.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
