import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { startChildProcess, waitUntil } from "../src/testing/child-process.ts";
import { findAssets, startApiserver } from "../src/testing/envtest.ts";
import type { Server } from "./http.ts";
import { findProcesses } from "./process-usage.ts";

/** The apiserver of a run, with all rights. */
export interface BenchApiserver extends Server {
  readonly token: string;
  readonly kubeconfig: string;
  readonly version: string;
  readonly pids: readonly number[];
  stop(): Promise<void>;
}

/** A real one where it is found (KUBEBUILDER_ASSETS, or beside the repository), else the fake one as a process of its own. */
export async function startBenchApiserver(): Promise<BenchApiserver> {
  const assets = findAssets();
  if (assets === undefined) return startFake();
  const server = await startApiserver({ assets });
  return {
    ...server,
    token: server.adminToken,
    version: `kube-apiserver ${server.version}`,
    pids: findProcesses(server.dir),
  };
}

async function startFake(): Promise<BenchApiserver> {
  const dir = await mkdtemp(join(tmpdir(), "edge-proxy-bench-"));
  const logFile = join(dir, "output.log");
  const main = join(import.meta.dir, "../src/testing/fake-main.ts");
  const child = startChildProcess([process.execPath, main], { logFile });
  const url = async () => (await child.tail()).split("\n")[0] ?? "";
  await waitUntil("the fake apiserver runs", async () => (await url()).startsWith("http"), 15);
  const token = "admin-token";
  const kubeconfig = join(dir, "kubeconfig");
  await Bun.write(
    kubeconfig,
    `apiVersion: v1
kind: Config
clusters: [{ name: fake, cluster: { server: "${await url()}" } }]
users: [{ name: admin, user: { token: ${token} } }]
contexts: [{ name: fake, context: { cluster: fake, user: admin } }]
current-context: fake
`,
  );
  return {
    url: await url(),
    token,
    kubeconfig,
    version: "the fake apiserver (no kube-apiserver was found: set KUBEBUILDER_ASSETS)",
    pids: [child.pid],
    stop: async () => {
      await child.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
