import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { startChildProcess, waitUntil } from "../src/testing/child-process.ts";

export interface BlobServer {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** A process that does nothing but answer these bytes by Bun.serve: what a proxy on Bun can reach at best. */
export async function startBlobServer(bytes: Uint8Array): Promise<BlobServer> {
  const dir = await mkdtemp(join(tmpdir(), "edge-proxy-blob-"));
  await Bun.write(join(dir, "body"), bytes);
  const main = join(import.meta.dir, "static-server.ts");
  const child = startChildProcess([process.execPath, "--smol", main, join(dir, "body")], {
    logFile: join(dir, "output.log"),
  });
  const firstLine = async () => (await child.tail()).split("\n")[0] ?? "";
  await waitUntil("the blob server listens", async () => (await firstLine()).startsWith("http"), 5);
  return {
    url: await firstLine(),
    pid: child.pid,
    stop: async () => {
      await child.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
