import { join } from "node:path";

import { createTemporaryFolder } from "../src/testing/child-process.ts";
import { call, type Endpoint, json, type Loose } from "../src/testing/contract-client.ts";
import { type ContractUpstream, startContractUpstream } from "../src/testing/contract-upstream.ts";
import { startProxy } from "../src/testing/proxy-process.ts";

/** An apiserver, and the proxy before it with rules. */
export interface RuledCluster {
  readonly upstream: ContractUpstream;
  /** The proxy, as the node. */
  readonly own: Endpoint;
  stop(): Promise<void>;
}

export async function startRuled(
  rules: string,
  flags: readonly string[] = [],
): Promise<RuledCluster> {
  const { dir, remove } = await createTemporaryFolder("edge-proxy-ruled-");
  const upstream = await startContractUpstream();
  const config = join(dir, "config.yaml");
  await Bun.write(config, rules);
  const { kubeconfig } = upstream;
  const proxy = await startProxy({ kubeconfig, flags: ["--config", config, ...flags] });
  const stop = async () => {
    await proxy.stop();
    await upstream.stop();
    await remove();
  };
  return { upstream, own: { url: proxy.url }, stop };
}

/** Creates a namespace around the proxy; the path of resources of the core group in it. */
export async function createNamespace({ upstream }: RuledCluster, name: string): Promise<string> {
  await call(upstream, "/api/v1/namespaces", { method: "POST", body: { metadata: { name } } });
  return `/api/v1/namespaces/${name}`;
}

/** Creates an object around the proxy; as it was answered. */
export async function create(
  { upstream }: RuledCluster,
  path: string,
  name: string,
  { labels, ...body }: Loose = {},
): Promise<Loose> {
  const metadata = { name, ...(labels === undefined ? {} : { labels }) };
  const made = await call(upstream, path, { method: "POST", body: { metadata, ...body } });
  if (made.status !== 201) throw new Error(made.text);
  return json(made);
}

/** A pod that an apiserver takes as it is. */
export const podSpec = { spec: { containers: [{ name: "c", image: "i" }] } };
