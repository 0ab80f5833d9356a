import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type Endpoint } from "./contract-client.ts";
import { findAssets, startApiserver } from "./envtest.ts";
import { startFakeApiserver } from "./fake-apiserver.ts";

/** An apiserver that the contract suite can run on, real where one is found. */
export interface ContractUpstream extends Endpoint {
  readonly token: string;
  readonly isFake: boolean;
  readonly version: string;
  /** For the proxy's --kubeconfig; absent for the fake one. */
  readonly kubeconfig: string;
  stop(): Promise<void>;
}

/** Starts it with a history that begins after resourceVersion 2, so that 410 can be asked for. */
export async function startContractUpstream(version?: string): Promise<ContractUpstream> {
  const assets = findAssets(version);
  if (assets !== undefined) {
    const flags = ["--etcd-compaction-interval=10s"];
    const server = await startApiserver({ assets, flags });
    await server.kill();
    await server.start();
    return { ...server, token: server.adminToken, isFake: false };
  }
  const fake = await startFakeApiserver();
  fake.store.advance(10);
  fake.store.compact();
  const kubeconfig = await writeKubeconfig(fake.url, fake.adminToken);
  const { url, adminToken: token } = fake;
  const stop = async () => {
    await fake.stop();
    await rm(kubeconfig, { force: true });
  };
  return { url, token, isFake: true, version: "v1.37.0", kubeconfig, stop };
}

export async function writeKubeconfig(url: string, token: string): Promise<string> {
  const path = join(tmpdir(), `edge-proxy-fake-${crypto.randomUUID()}.kubeconfig`);
  const text = `apiVersion: v1
kind: Config
clusters: [{ name: fake, cluster: { server: "${url}" } }]
users: [{ name: admin, user: { token: ${token} } }]
contexts: [{ name: fake, context: { cluster: fake, user: admin } }]
current-context: fake
`;
  await Bun.write(path, text);
  return path;
}
